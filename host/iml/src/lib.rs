//! IML, the expression language of Make app specs.
