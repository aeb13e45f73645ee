//! A plugin's file as a component, and its compilation in the process that runs this.

use wasmtime::Engine;
use wit_component::ComponentEncoder;

use crate::plugin::contract::LoadError;
use crate::plugin::native_code::NativeCode;

/// The first eight bytes of a core module and of a component.
const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const COMPONENT: &[u8] = b"\0asm\x0d\0\x01\0";

/// Compiles a plugin's file for `engine`. Takes whatever the file makes it take.
pub(super) fn compile(engine: &Engine, bytes: &[u8]) -> Result<NativeCode, LoadError> {
    let compiled = match bytes.starts_with(COMPONENT) {
        true => NativeCode::compile(engine, bytes),
        false => NativeCode::compile(engine, &component_from_module(bytes)?),
    };
    compiled.map_err(|error| LoadError::Invalid(format!("{error:#}")))
}

/// Makes a component of a core module that carries its interface in a custom section, as
/// `wit-bindgen` leaves it there. A component is given back as it is.
pub fn component_from_module(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    if bytes.starts_with(COMPONENT) {
        return Ok(bytes.to_vec());
    }
    if !bytes.starts_with(MODULE) {
        return Err(LoadError::NotWasm);
    }
    let encoder = ComponentEncoder::default().validate(true).module(bytes);
    let encoded = encoder.and_then(|mut encoder| encoder.encode());
    encoded.map_err(|error| LoadError::NoInterface(format!("{error:#}")))
}
