#!/bin/sh
# Builds ecoops from this folder and installs it for the user who runs it.
set -eu

rust_needed=1.95
rust_pinned=1.95.0
rustup_version=1.28.2
rustup_sha256_x86_64=20a06e644b0d9bd2fbdbfd52d42540bdde820ea7df86e92e533c073da0cdd43c
rustup_sha256_aarch64=e3853c5a252fca15252d07cb23a1bdd9377a8c6f3efa01531109281ae47f841c

usage() {
    cat <<'USAGE'
Builds ecoops and installs it.

usage: ./install.sh [--prefix DIR] [--with-toolchain] [--no-demo]
       ./install.sh --uninstall [--prefix DIR]

  --prefix DIR       where bin/ and share/ are (default: ~/.local)
  --with-toolchain   get what the build needs: the C compiler from the system's
                     packages (asks sudo when you are not root), Rust from its
                     makers, by checked hash, into ~/.cargo and ~/.rustup; and
                     git and python3, which the demonstration needs
  --no-demo          do not show the main job on the example repository
  --uninstall        remove what was installed; your settings and record stay
  --help             this text
USAGE
}

say() { printf '%s\n' "$*" >&2; }
step() { say "==> $*"; }
fail() {
    say "error: $1"
    shift
    for line in "$@"; do say "  $line"; done
    exit 1
}

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
prefix=
toolchain=no
demo=yes
uninstall=no

while [ $# -gt 0 ]; do
    case $1 in
        --prefix)
            [ $# -ge 2 ] || fail "--prefix needs a folder"
            prefix=$2
            shift
            ;;
        --prefix=*) prefix=${1#--prefix=} ;;
        --with-toolchain) toolchain=yes ;;
        --no-demo) demo=no ;;
        --uninstall) uninstall=yes ;;
        --help | -h)
            usage
            exit 0
            ;;
        *) fail "there is no option $1" "./install.sh --help shows all" ;;
    esac
    shift
done

if [ -z "$prefix" ]; then
    [ -n "${HOME:-}" ] || fail "there is no home folder" "say where to install: --prefix DIR"
    prefix=$HOME/.local
fi
case $prefix in
    /*) ;;
    *) prefix=$PWD/$prefix ;;
esac
# Names what was installed, one path a line, so that it can be removed again.
manifest=$prefix/share/ecoops/installed

scratch=
fresh=
cleanup() {
    status=$?
    trap - EXIT INT TERM HUP
    if [ "$status" -ne 0 ] && [ -n "$fresh" ]; then
        printf '%s\n' "$fresh" | while IFS= read -r file; do
            if [ -n "$file" ]; then rm -f -- "$file"; fi
        done
    fi
    if [ -n "$scratch" ]; then rm -rf -- "$scratch"; fi
    exit "$status"
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

remove_installed() {
    if [ ! -f "$manifest" ]; then
        say "ecoops is not installed under $prefix"
        return
    fi
    while IFS= read -r file; do
        rm -f -- "$file"
    done <"$manifest"
    rm -f -- "$manifest"
    rmdir "$prefix/share/ecoops" 2>/dev/null || :
    say "ecoops is removed from $prefix; your settings and your record are left"
}

have() { command -v "$1" >/dev/null 2>&1; }

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif have sudo; then
        sudo "$@"
    else
        fail "installing system packages needs root, and there is no sudo" "as root: $*"
    fi
}

apt_updated=no
# apt_install PACKAGE…: from the system's packages, as they are listed today.
apt_install() {
    if [ "$apt_updated" = no ]; then
        as_root apt-get update -q >&2
        apt_updated=yes
    fi
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >&2
}

# True when a C program can be compiled and linked, headers included.
c_works() {
    have cc || return 1
    printf '#include <stdio.h>\nint main(void) { return puts("") < 0; }\n' >"$scratch/probe.c"
    cc -o "$scratch/probe" "$scratch/probe.c" >/dev/null 2>&1
}

need_c() {
    if c_works; then return; fi
    if [ "$toolchain" = no ]; then
        fail "there is no working C compiler" \
            "on Debian or Ubuntu: sudo apt-get install build-essential" \
            "or let this script get it: ./install.sh --with-toolchain"
    fi
    have apt-get || fail "the C compiler can be installed for you on Debian and Ubuntu only" \
        "install gcc and the C library's headers, then run this again"
    step "Installing the C compiler (build-essential)"
    apt_install build-essential
    c_works || fail "the C compiler was installed and does not work" "cc --version tells more"
}

# The demonstration fixes a Python project in a git repository, and runs its tests.
need_demonstration() {
    lacking=$(lacking)
    if [ -z "$lacking" ] || [ "$toolchain" = no ] || ! have apt-get; then return; fi
    if [ "$(id -u)" -ne 0 ] && ! have sudo; then return; fi
    step "Installing what the demonstration needs:$lacking"
    # shellcheck disable=SC2086 # one word a package
    apt_install $lacking ||
        say "they could not be installed; the demonstration will be left out"
}

# rust_enough VERSION: true when it is not older than the one needed.
rust_enough() {
    [ "$(printf '%s\n%s\n' "$rust_needed" "$1" | sort -V | head -n 1)" = "$rust_needed" ]
}

rust_works() {
    have cargo && have rustc || return 1
    found=$(rustc --version 2>/dev/null | cut -d ' ' -f 2)
    [ -n "$found" ] && rust_enough "$found"
}

need_rust() {
    cargo_bin=${CARGO_HOME:-${HOME:-/nowhere}/.cargo}/bin
    if ! rust_works && [ -x "$cargo_bin/cargo" ]; then
        PATH=$cargo_bin:$PATH
        export PATH
    fi
    if rust_works; then return; fi
    if [ "$toolchain" = no ]; then
        old=$(rustc --version 2>/dev/null || :)
        fail "Rust $rust_needed or newer is needed${old:+, and here is $old}" \
            "from its makers: https://rustup.rs, or, if you have rustup: rustup toolchain install stable" \
            "or let this script get it: ./install.sh --with-toolchain"
    fi
    get_rustup || rust_from_packages ||
        fail "Rust $rust_needed could not be got" "install it from https://rustup.rs, then run this again"
    PATH=$cargo_bin:$PATH
    export PATH
    rust_works || fail "Rust was installed and does not work" "rustc --version tells more"
}

download() {
    if have curl; then
        curl --proto '=https' --tlsv1.2 -fsSL --retry 3 -o "$2" "$1"
    elif have wget; then
        wget -q -O "$2" "$1"
    else
        step "Installing curl"
        have apt-get || return 1
        apt_install curl ca-certificates
        curl --proto '=https' --tlsv1.2 -fsSL --retry 3 -o "$2" "$1"
    fi
}

get_rustup() {
    if have rustup; then
        step "Installing Rust $rust_pinned with rustup"
        rustup toolchain install "$rust_pinned" --profile minimal >&2 || return 1
        RUSTUP_TOOLCHAIN=$rust_pinned
        export RUSTUP_TOOLCHAIN
        return 0
    fi
    case $(uname -m) in
        x86_64) sum=$rustup_sha256_x86_64 ;;
        aarch64) sum=$rustup_sha256_aarch64 ;;
        *) return 1 ;;
    esac
    step "Getting rustup $rustup_version, checked by its SHA-256"
    url=https://static.rust-lang.org/rustup/archive/$rustup_version/$(uname -m)-unknown-linux-gnu/rustup-init
    download "$url" "$scratch/rustup-init" || return 1
    actual=$(sha256sum "$scratch/rustup-init" | cut -d ' ' -f 1)
    [ "$actual" = "$sum" ] || fail "what was downloaded is not rustup $rustup_version" \
        "its SHA-256 is $actual" "and should be  $sum"
    chmod +x "$scratch/rustup-init"
    "$scratch/rustup-init" -y -q --no-modify-path --profile minimal --default-toolchain "$rust_pinned" >&2
}

# The system's own packages, where they are new enough (cargo, or cargo-1.95 and later).
rust_from_packages() {
    have apt-cache || return 1
    for package in cargo $(apt-cache pkgnames cargo-1. 2>/dev/null | grep -E '^cargo-1\.[0-9]+$' | sort -rV); do
        version=$(apt-cache policy "$package" 2>/dev/null | sed -n 's/^ *Candidate: *//p')
        case $package in
            cargo-*) version=${package#cargo-} ;;
        esac
        if [ -n "$version" ] && rust_enough "$version"; then
            step "Installing $package from the system's packages"
            suffix=${package#cargo}
            apt_install "$package" "rustc$suffix" || return 1
            if [ -d "/usr/lib/rust$suffix/bin" ]; then cargo_bin=/usr/lib/rust$suffix/bin; fi
            return 0
        fi
    done
    return 1
}

# put FILE TARGET MODE: installs one file whole, and writes it down.
put() {
    mkdir -p -- "$(dirname -- "$2")"
    if [ ! -e "$2" ]; then
        fresh="$fresh
$2"
    fi
    cp -- "$1" "$2.new"
    chmod "$3" "$2.new"
    mv -f -- "$2.new" "$2"
    printf '%s\n' "$2" >>"$scratch/installed"
}

install_all() {
    target=${CARGO_TARGET_DIR:-$here/target}
    put "$target/release/ecoops" "$prefix/bin/ecoops" 755
    for file in "$here"/completions/*; do
        case $file in
            *.bash) put "$file" "$prefix/share/bash-completion/completions/ecoops" 644 ;;
            *.fish) put "$file" "$prefix/share/fish/vendor_completions.d/ecoops.fish" 644 ;;
            */_ecoops) put "$file" "$prefix/share/zsh/site-functions/_ecoops" 644 ;;
        esac
    done
    for file in "$here"/man/*.1; do
        if [ -f "$file" ]; then put "$file" "$prefix/share/man/man1/$(basename -- "$file")" 644; fi
    done
    put "$scratch/installed" "$manifest" 644
}

# show COMMAND…: runs ecoops as a user would; findings that remain are no failure.
show() {
    say ""
    say "\$ $*"
    code=0
    (cd "$scratch/example" && ECOOPS_HOME=$scratch/home "$prefix/bin/$@") >&2 || code=$?
    case $code in
        0 | 1) ;;
        *) fail "\`$*\` ended with exit code $code" "ecoops is installed; the demonstration failed" ;;
    esac
}

# What the demonstration needs and is not here.
lacking() {
    for tool in git python3; do
        have "$tool" || printf ' %s' "$tool"
    done
}

demonstrate() {
    lacking=$(lacking)
    if [ -n "$lacking" ]; then
        say "The demonstration needs$lacking, not installed here. On Debian or Ubuntu: sudo apt-get install$lacking"
        say "Or try \`ecoops scan\` in a repository of yours."
        return
    fi
    step "The main job, on a copy of examples/shop in a scratch folder"
    cp -R -- "$here/examples/shop" "$scratch/example"
    (
        cd "$scratch/example"
        git init -q
        git add -A
        git -c user.name=demo -c user.email=demo@localhost -c commit.gpgsign=false commit -q -m "The shop as it was"
    )
    show ecoops scan
    show ecoops fix --yes
    say ""
    say "\$ git diff --stat"
    (cd "$scratch/example" && git --no-pager diff --stat) >&2
    show ecoops runs
    show ecoops audit verify
    show ecoops undo
    if [ -n "$(cd "$scratch/example" && git status --porcelain)" ]; then
        fail "the undo did not restore the example" "please report this"
    fi
    say ""
    say "Every byte of the example is what it was before."
}

if [ "$uninstall" = yes ]; then
    remove_installed
    exit 0
fi

scratch=$(mktemp -d "${TMPDIR:-/tmp}/ecoops-install.XXXXXX")
need_c
need_rust
if [ "$demo" = yes ]; then need_demonstration; fi
step "Building ecoops (a few minutes the first time)"
(cd "$here" && cargo build --release --locked -p ecoops)
step "Installing to $prefix"
install_all
fresh=
step "Installed $("$prefix/bin/ecoops" --version)"
case ":$PATH:" in
    *":$prefix/bin:"*) ;;
    *)
        say "$prefix/bin is not in your PATH; add this to your shell's profile:"
        say "  export PATH=\"$prefix/bin:\$PATH\""
        ;;
esac
if [ "$demo" = yes ]; then demonstrate; fi
step "Done. In a repository of yours: ecoops scan"
