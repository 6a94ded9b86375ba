//! Stack traces of Java, Python, Go, JavaScript, .NET, Ruby and Rust: which lines belong to one, its frames and
//! what it reports.
//!
//! Never keeps more than a fixed number of frames.

/// Frames kept of one trace.
const FRAMES: usize = 48;
/// The longest frame or error text kept, in bytes.
const LONGEST: usize = 300;

/// What has been gathered of a trace.
#[derive(Debug, Default)]
pub struct Stack {
    frames: Vec<String>,
    error: Option<String>,
    /// Index of the first frame of the innermost cause.
    cause: usize,
    kind: Kind,
    /// Whether the last line was indented.
    indented: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    None,
    /// Anything with `at` or `from` lines.
    Frames,
    Python,
    Go,
    Rust,
}

/// What a line without a header of its own is to the record before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// It goes on.
    Continues,
    /// It begins to report an error; whether it belongs to the record before depends on that record.
    Reports,
    /// A record of its own.
    Own,
}

impl Stack {
    pub fn clear(&mut self) {
        self.frames.clear();
        self.error = None;
        self.cause = 0;
        self.kind = Kind::None;
        self.indented = false;
    }

    /// Whether a trace has begun.
    pub fn is_some(&self) -> bool {
        self.kind != Kind::None
    }

    /// Judges a line that has no header of its own.
    pub fn part(&self, line: &str) -> Part {
        let Some(first) = line.bytes().next() else {
            return if self.is_some() { Part::Continues } else { Part::Own };
        };
        if matches!(first, b' ' | b'\t') {
            return Part::Continues;
        }
        if let Some(kind) = begins(line) {
            let again = kind == self.kind && kind != Kind::Frames;
            return if again { Part::Continues } else { Part::Reports };
        }
        let continues = continuation(line)
            || self.kind == Kind::Python && self.indented && line.contains(':')
            || self.kind == Kind::Go && go_line(line)
            || self.kind == Kind::Rust && (self.frames.is_empty() || line.starts_with("note: "));
        if continues {
            Part::Continues
        } else if exception(line).is_some() {
            if self.kind == Kind::Python { Part::Continues } else { Part::Reports }
        } else {
            Part::Own
        }
    }

    /// Takes in a line of the record: its message or one that continues it.
    pub fn add(&mut self, line: &str) {
        let body = line.trim();
        if let Some(kind) = begins(body) {
            self.kind = kind;
            if matches!(kind, Kind::Go | Kind::Rust) && self.error.is_none() {
                self.error = Some(clip(body));
            }
        } else if let Some(caused) = body.strip_prefix("Caused by: ") {
            self.kind = Kind::Frames;
            self.error = Some(clip(caused));
            self.cause = self.frames.len();
        } else if let Some(frame) = self.frame(body) {
            if self.kind == Kind::None {
                self.kind = Kind::Frames;
            }
            if self.frames.len() < FRAMES {
                self.frames.push(frame);
            } else if self.kind == Kind::Python {
                self.frames.remove(0);
                self.frames.push(frame);
            }
        } else if let Some(error) = exception(body) {
            // A Python trace ends with what it reports; elsewhere the first line says it.
            if self.error.is_none() || self.kind == Kind::Python {
                self.error = Some(clip(error));
            }
        } else if self.kind == Kind::Rust && self.frames.is_empty() && !body.starts_with("note:") {
            if let Some(error) = self.error.as_mut().filter(|e| e.len() + body.len() < LONGEST) {
                error.push(' ');
                error.push_str(body);
            }
        } else if self.kind == Kind::Python
            && self.indented
            && !line.starts_with([' ', '\t'])
            && body.contains(':')
        {
            self.error = Some(clip(body));
        }
        self.indented = line.starts_with([' ', '\t']);
    }

    /// What it reports, and the frames, innermost first.
    pub fn finish(&mut self) -> (Option<&str>, &[String]) {
        if self.kind == Kind::Python {
            self.frames.reverse();
        } else {
            self.frames.rotate_left(self.cause);
        }
        (self.error.as_deref(), &self.frames)
    }

    fn frame(&self, body: &str) -> Option<String> {
        let frame = at_frame(body).or_else(|| python_frame(body)).or_else(|| ruby_frame(body));
        let frame = match (frame, self.kind) {
            (None, Kind::Go) => go_frame(body),
            (None, Kind::Rust) => rust_frame(body),
            (frame, Kind::Rust) if body.starts_with("at ") => {
                // The place of the frame before.
                let _ = frame;
                None
            }
            (frame, _) => frame,
        };
        frame.map(|f| clip(&f))
    }
}

fn clip(text: &str) -> String {
    text[..text.floor_char_boundary(LONGEST)].to_owned()
}

/// The kind of trace that a line opens.
fn begins(line: &str) -> Option<Kind> {
    let thread = || line.starts_with("thread '") && line.contains(" panicked at ");
    match line.as_bytes().first()? {
        b'T' if line.starts_with("Traceback (most recent call last)") => Some(Kind::Python),
        b'p' if line.starts_with("panic: ") => Some(Kind::Go),
        b'g' if line.starts_with("goroutine ") && line.ends_with(':') => Some(Kind::Go),
        b'f' if line.starts_with("fatal error: ") => Some(Kind::Go),
        b't' if thread() => Some(Kind::Rust),
        b's' if line == "stack backtrace:" => Some(Kind::Rust),
        _ => None,
    }
}

/// A line that only makes sense after another one.
fn continuation(line: &str) -> bool {
    const BEGINNINGS: [&str; 10] = [
        "Caused by: ",
        "Suppressed: ",
        "During handling of the above exception",
        "The above exception was the direct cause",
        "created by ",
        "[signal ",
        "exit status ",
        "--- End of ",
        "stack backtrace:",
        "note: run with `RUST_BACKTRACE",
    ];
    match line.as_bytes().first() {
        Some(b'.') => line.starts_with("... "),
        Some(b'a') => line.starts_with("at ") && (line.contains('(') || line.contains(" in ")),
        Some(b'f') => line.starts_with("from ") && line.contains(":in "),
        Some(b'}' | b')' | b']') => line.len() < 3,
        _ => BEGINNINGS.iter().any(|b| line.starts_with(b)),
    }
}

/// A line of a Go trace that is not indented: a call, or the head of a goroutine.
fn go_line(line: &str) -> bool {
    line.ends_with(')') && line.contains('(') && !line.contains(": ") || line.starts_with("goroutine ")
}

/// `at a.b.C.d(C.java:1)`, `at fn (file.js:1:2)`, `at A.B(C d) in f.cs:line 1`: the name of the function.
fn at_frame(body: &str) -> Option<String> {
    let rest = body.strip_prefix("at ")?;
    let rest = rest.strip_prefix("async ").unwrap_or(rest);
    let name = match rest.find('(') {
        Some(_) if rest.ends_with("()") => &rest[..rest.len() - 2],
        Some(open) => rest[..open].trim_end(),
        None => rest.split(" in ").next().unwrap_or(rest).trim_end(),
    };
    // Generated names differ from run to run: Java's lambdas and proxies, and module versions before a slash.
    let name = name.rsplit_once('/').filter(|_| rest.contains(".java:")).map_or(name, |(_, n)| n);
    let name = if rest.contains('(') { name } else { without_position(name) };
    (!name.is_empty() && name.len() < LONGEST).then(|| name.to_owned())
}

/// `File "/app/x.py", line 12, in handler`.
fn python_frame(body: &str) -> Option<String> {
    let (file, rest) = body.strip_prefix("File \"")?.split_once('"')?;
    let function = rest.split_once(", in ").map_or("", |(_, f)| f);
    Some(if function.is_empty() { file.to_owned() } else { format!("{file} in {function}") })
}

/// ``from /app/x.rb:12:in `handler'``.
fn ruby_frame(body: &str) -> Option<String> {
    let body = body.strip_prefix("from ").unwrap_or(body);
    let (place, function) = body.split_once(":in ")?;
    let (file, line) = place.rsplit_once(':')?;
    let plain = line.bytes().all(|b| b.is_ascii_digit()) && !file.contains(' ') && !line.is_empty();
    let function = function.split(['\'', '`']).find(|part| !part.is_empty()).unwrap_or(function);
    plain.then(|| format!("{file} in {function}"))
}

/// `main.(*T).handle(0xc000, 0x1)`.
fn go_frame(body: &str) -> Option<String> {
    let body = body.strip_prefix("created by ").unwrap_or(body);
    if body.starts_with('/') || body.starts_with("goroutine ") || body.starts_with('[') {
        return None;
    }
    let name = match body.strip_suffix(')') {
        Some(call) => &call[..call.rfind('(')?],
        None => body.split(" in goroutine").next()?,
    };
    (name.contains('.') && !name.contains(' ')).then(|| name.to_owned())
}

/// `12: core::panicking::panic_fmt`.
fn rust_frame(body: &str) -> Option<String> {
    let (number, name) = body.split_once(": ")?;
    let numbered = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
    numbered.then(|| name.split("::h").next().filter(|_| name.len() > 20).unwrap_or(name).to_owned())
}

/// A path without `:line:column` at its end.
fn without_position(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == ':')
}

/// The part of a line that names an exception and says what it is about: `java.io.IOException: gone`.
pub fn exception(line: &str) -> Option<&str> {
    const PREFIXES: [&str; 6] = [
        "Exception in thread ",
        "Unhandled exception. ",
        "Unhandled Exception: ",
        "Uncaught ",
        "Caused by: ",
        "ERROR: ",
    ];
    let line = PREFIXES.iter().find_map(|p| line.strip_prefix(p)).unwrap_or(line);
    let line = line.strip_prefix('"').and_then(|l| l.split_once("\" ")).map_or(line, |(_, rest)| rest);
    let width = line
        .bytes()
        .take(LONGEST)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'\\') || *b == b':')
        .count();
    let name = line[..width].trim_end_matches(':');
    if !matches!(line.as_bytes().get(name.len()), None | Some(b':' | b' ' | b'(')) {
        return None;
    }
    let last = name.rsplit(['.', ':', '\\', '$']).next()?;
    const ENDINGS: [&str; 8] =
        ["Error", "Exception", "Throwable", "Failure", "Interrupt", "Fault", "Panic", "Timeout"];
    let named =
        last.starts_with(|c: char| c.is_ascii_uppercase()) && ENDINGS.iter().any(|e| last.ends_with(e));
    // `Error` alone begins many an ordinary sentence.
    let said = name.len() < line.len() && line.as_bytes()[name.len()] == b':' || name.len() == line.len();
    (named && said).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> (Option<String>, Vec<String>) {
        let mut stack = Stack::default();
        for (at, line) in text.lines().enumerate() {
            if at > 0 {
                assert_ne!(stack.part(line), Part::Own, "{line}");
            }
            stack.add(line);
        }
        let (error, frames) = stack.finish();
        (error.map(str::to_owned), frames.to_vec())
    }

    #[test]
    fn traces_of_seven_languages() {
        for (text, error, frames) in [
            (
                "java.lang.IllegalStateException: no\n\tat com.shop.Cart.add(Cart.java:12)\n\tat java.base/java.lang.Thread.run(Thread.java:829)\nCaused by: java.io.IOException: gone\n\tat com.shop.Db.read(Db.java:3)\n\t... 2 more",
                "java.io.IOException: gone",
                vec!["com.shop.Db.read", "com.shop.Cart.add", "java.lang.Thread.run"],
            ),
            (
                "Traceback (most recent call last):\n  File \"/app/a.py\", line 3, in main\n    run()\n  File \"/app/b.py\", line 9, in run\n    x = {}[1]\nKeyError: 1",
                "KeyError: 1",
                vec!["/app/b.py in run", "/app/a.py in main"],
            ),
            (
                "panic: runtime error: index out of range\n\ngoroutine 1 [running]:\nmain.(*Cart).Add(0xc000, 0x1)\n\t/src/main.go:12 +0x1d\nmain.main()\n\t/src/main.go:30 +0x2\nexit status 2",
                "panic: runtime error: index out of range",
                vec!["main.(*Cart).Add", "main.main"],
            ),
            (
                "TypeError: x is not a function\n    at Cart.add (/app/cart.js:12:5)\n    at async run (/app/main.js:3:1)\n    at /app/i.js:9:2",
                "TypeError: x is not a function",
                vec!["Cart.add", "run", "/app/i.js"],
            ),
            (
                "Unhandled exception. System.InvalidOperationException: no\n   at Shop.Cart.Add(String id) in /src/Cart.cs:line 12\n   at Shop.Program.Main()",
                "System.InvalidOperationException: no",
                vec!["Shop.Cart.Add", "Shop.Program.Main"],
            ),
            (
                "/app/cart.rb:12:in `add': no (ArgumentError)\n\tfrom /app/main.rb:3:in `run'\n\tfrom /app/main.rb:9:in '<main>'",
                "",
                vec!["/app/cart.rb in add", "/app/main.rb in run", "/app/main.rb in <main>"],
            ),
            (
                "thread 'main' panicked at src/main.rs:2:5:\nindex out of bounds\nstack backtrace:\n   0: rust_begin_unwind\n   1: shop::cart::add\n             at ./src/cart.rs:12:9\nnote: run with `RUST_BACKTRACE=full`",
                "thread 'main' panicked at src/main.rs:2:5: index out of bounds",
                vec!["rust_begin_unwind", "shop::cart::add"],
            ),
        ] {
            let (found, names) = read(text);
            assert_eq!(found.as_deref().unwrap_or(""), error, "{text}");
            assert_eq!(names, frames, "{text}");
        }
    }

    #[test]
    fn lines_of_their_own() {
        let stack = Stack::default();
        for line in [
            "hello",
            "Error while reading",
            "Errors: 3",
            "at last",
            "from here",
            "panic!",
            "https://x: y",
            "",
        ] {
            assert_eq!(stack.part(line), Part::Own, "{line}");
        }
        for line in ["ValueError: x", "panic: x", "a.b.FooException", "Traceback (most recent call last):"] {
            assert_eq!(stack.part(line), Part::Reports, "{line}");
        }
    }

    proptest! {
        #[test]
        fn never_panics_and_stays_bounded(lines in proptest::collection::vec(
            "(at |from |File \"|Caused by: |panic: |goroutine 1 |thread ' panicked at |[ \t]|x.y|\\(|\\)|:in |\", in |ü|:|3|Error){0,9}", 0..80)) {
            let mut stack = Stack::default();
            for line in &lines {
                let _ = stack.part(line);
                stack.add(line);
            }
            prop_assert!(stack.finish().1.len() <= FRAMES);
        }
    }
}
