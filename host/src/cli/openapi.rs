//! `hookwright openapi`: the description of the operators' interface.

use std::process::ExitCode;

use clap::Args;

use super::control::print_json;
use crate::admin;

/// Print the description of the operators' interface (OpenAPI 3.1), as a server has it at /openapi.json.
#[derive(Args, Debug)]
pub struct Arguments {}

/// Prints it.
pub fn run(Arguments {}: Arguments) -> anyhow::Result<ExitCode> {
    print_json(&admin::openapi())?;
    Ok(ExitCode::SUCCESS)
}
