//! Puts the pre-push hook where git looks for it, beside whatever is there, and takes it out again.

use super::script::{self, ASIDE, Without};
use crate::app::App;
use crate::exit::{Exit, Failure};
use crate::git::Git;
use crate::host;
use crate::settings::replace;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The file to change.
struct Place {
    file: PathBuf,
    /// It is read by a manager's own script (husky), so it needs no first line.
    sourced: bool,
    /// Not in the repository's own folders: other repositories use it too.
    shared: bool,
    /// In the working tree, and so perhaps part of the project.
    in_tree: bool,
}

impl Place {
    fn find(app: &App) -> Result<Self, Failure> {
        let git = Git::at(&app.here);
        let hooks = git.hooks()?;
        let own = git.own_folders()?;
        let real = |p: &Path| p.canonicalize().unwrap_or_else(|_| p.to_path_buf());
        let shared = !own.iter().any(|o| real(&hooks).starts_with(real(o)));
        let git_folder = own.first().map(|o| real(o)).unwrap_or_default();
        // Husky 9 writes a stub for each hook into `.husky/_`, which runs `.husky/<hook>`.
        let husky = hooks.ends_with(".husky/_");
        let folder = if husky { hooks.parent().unwrap_or(&hooks).to_path_buf() } else { hooks };
        let in_tree = !shared && !real(&folder).starts_with(git_folder);
        Ok(Self { file: folder.join("pre-push"), sourced: husky, shared, in_tree })
    }

    fn aside(&self) -> PathBuf {
        self.file.with_extension(ASIDE)
    }

    fn failure(&self, e: &std::io::Error) -> Failure {
        Failure::new(format!("{} cannot be changed", self.file.display())).because(e)
    }

    /// The hook that is there, as bytes; symbolic links are not followed.
    fn read(&self) -> Result<Option<Found>, Failure> {
        let metadata = match std::fs::symlink_metadata(&self.file) {
            Ok(metadata) => metadata,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(self.failure(&e)),
        };
        let plain = metadata.is_file() && metadata.len() <= 1 << 20;
        let bytes = if plain { std::fs::read(&self.file).map_err(|e| self.failure(&e))? } else { Vec::new() };
        let mode = metadata.permissions().mode() & 0o7777;
        Ok(Some(Found { bytes, plain, mode }))
    }

    fn write(&self, text: &str, mode: u32) -> Result<(), Failure> {
        replace(&self.file, text.as_bytes(), mode).map_err(|e| self.failure(&e))
    }
}

struct Found {
    bytes: Vec<u8>,
    plain: bool,
    mode: u32,
}

impl Found {
    fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.bytes).ok().filter(|_| self.plain)
    }
}

pub fn install(app: &App, shared: bool) -> Result<Exit, Failure> {
    let place = Place::find(app)?;
    if place.shared && !shared {
        let what =
            format!("the hooks of this repository are in {}, which others share", place.file.display());
        return Err(Failure::new(what).next("add --shared to install it for all of them"));
    }
    let program = host::program().map_err(|e| Failure::new("where ecoops is cannot be told").because(&e))?;
    let program = program.to_string_lossy();
    let beside = match place.read()? {
        None => {
            place.write(&script::alone(&program), 0o755)?;
            None
        }
        Some(found) => Some(put_beside(&place, &found, &program)?),
    };
    app.ui.note(&format!("installed in {}{}", place.file.display(), beside.unwrap_or_default()));
    if place.in_tree {
        app.ui.note("that file is in the working tree: commit it if everyone should have it");
    }
    Ok(Exit::Clean)
}

fn put_beside(place: &Place, found: &Found, program: &str) -> Result<&'static str, Failure> {
    let usable = place.sourced || found.mode & 0o111 != 0;
    let text = found.text().filter(|_| usable && script::is_shell(&found.bytes, place.sourced));
    match text.map(|t| (t, script::remove(t))) {
        Some((_, Without::Nothing)) => place.write(&script::alone(program), found.mode)?,
        Some((_, Without::Chain)) => place.write(&script::chain(program), found.mode)?,
        Some((_, Without::Rest(rest))) => place.write(&script::insert(&rest, program), found.mode)?,
        Some((text, Without::Foreign)) => {
            place.write(&script::insert(text, program), found.mode)?;
            return Ok(", before what is there");
        }
        None => {
            if place.aside().symlink_metadata().is_ok() {
                let what = format!("{} is in the way", place.aside().display());
                return Err(Failure::new(what).next("move it elsewhere and try again"));
            }
            std::fs::rename(&place.file, place.aside()).map_err(|e| place.failure(&e))?;
            if let Err(failure) = place.write(&script::chain(program), 0o755) {
                let _ = std::fs::rename(place.aside(), &place.file);
                return Err(failure);
            }
            return Ok("; it calls the hook that was there");
        }
    }
    Ok(", again")
}

pub fn uninstall(app: &App) -> Result<Exit, Failure> {
    let place = Place::find(app)?;
    let found = place.read()?;
    let Some((found, text)) = found.as_ref().and_then(|f| Some((f, f.text()?))) else {
        app.ui.note("it is not installed");
        return Ok(Exit::Clean);
    };
    match script::remove(text) {
        Without::Foreign => {
            app.ui.note("it is not installed");
            return Ok(Exit::Clean);
        }
        Without::Nothing => std::fs::remove_file(&place.file).map_err(|e| place.failure(&e))?,
        Without::Chain if place.aside().symlink_metadata().is_ok() => {
            std::fs::rename(place.aside(), &place.file).map_err(|e| place.failure(&e))?;
        }
        Without::Chain => std::fs::remove_file(&place.file).map_err(|e| place.failure(&e))?,
        Without::Rest(rest) => place.write(&rest, found.mode)?,
    }
    app.ui.note(&format!("taken out of {}", place.file.display()));
    Ok(Exit::Clean)
}

pub fn installed(app: &App) -> Result<Option<PathBuf>, Failure> {
    let place = Place::find(app)?;
    let ours = place.read()?.is_some_and(|f| f.text().is_some_and(|t| script::remove(t) != Without::Foreign));
    Ok(ours.then_some(place.file))
}

pub fn status(app: &App) -> Result<Exit, Failure> {
    match installed(app)? {
        Some(file) => {
            app.ui.result(&format!("installed in {}", file.display()));
            Ok(Exit::Clean)
        }
        None => {
            app.ui.result("not installed");
            Ok(Exit::Remaining)
        }
    }
}
