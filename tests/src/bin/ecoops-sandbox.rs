//! The runner's launcher as a program of its own, for tests that do not want the whole command line.

fn main() -> std::process::ExitCode {
    ecoops_plugins::runner::launcher::main()
}
