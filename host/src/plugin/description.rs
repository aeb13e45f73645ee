//! What a plugin says it offers, checked.

use std::collections::HashSet;

use hookwright_iml as iml;
use hookwright_webhook::Exports;

use super::contract::LoadError;
use super::contract::bindings::exports::hookwright::plugin::guest as wire;
use super::line::one_line;

/// What a plugin offers, as it described itself when it was loaded.
#[derive(Clone, Debug)]
pub struct Description {
    /// The plugin's name.
    pub name: String,
    /// Its version, as its author numbers it.
    pub version: String,
    /// Its functions.
    pub functions: Vec<Function>,
    /// Its uid extractors.
    pub extractors: Vec<Extractor>,
    signatures: Vec<iml::Signature>,
    extractor_names: Vec<String>,
    sees_parameters: bool,
}

/// A function that specs may call.
#[derive(Clone, Debug)]
pub struct Function {
    /// As written in an expression.
    pub name: String,
    /// Documentation, Markdown.
    pub summary: String,
    /// In order.
    pub parameters: Vec<Parameter>,
    /// What it gives: "text", "any" ...
    pub returns: &'static str,
    /// How it is used.
    pub examples: Vec<Example>,
}

/// A call of a [`Function`] and what it gives.
#[derive(Clone, Debug)]
pub struct Example {
    /// An expression without its braces.
    pub expression: String,
    /// What it gives, as JSON.
    pub result: String,
}

/// One parameter of a [`Function`].
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes: "text", "any" ...
    pub kind: &'static str,
    /// A call may leave it out.
    pub optional: bool,
    /// It takes all further arguments.
    pub variadic: bool,
}

/// A uid extractor.
#[derive(Clone, Debug)]
pub struct Extractor {
    /// The webhook it is for.
    pub name: String,
    /// Documentation, Markdown.
    pub summary: String,
}

impl Function {
    /// How it is called, as the reference of the built-in functions shows it: `luhn(number; [strict])`.
    pub fn signature(&self) -> String {
        let parameters: Vec<String> = self.parameters.iter().map(Parameter::shown).collect();
        format!("{}({})", self.name, parameters.join("; "))
    }
}

impl Parameter {
    fn shown(&self) -> String {
        match (self.optional, self.variadic) {
            (_, true) => format!("{}…", self.name),
            (true, false) => format!("[{}]", self.name),
            (false, false) => self.name.clone(),
        }
    }
}

impl Exports for Description {
    fn functions(&self) -> &[iml::Signature] {
        &self.signatures
    }

    fn extractors(&self) -> &[String] {
        &self.extractor_names
    }

    fn sees_parameters(&self) -> bool {
        self.sees_parameters
    }
}

impl Description {
    /// Takes over what the plugin said, unless it cannot be used.
    pub(super) fn from_wire(description: wire::Description) -> Result<Self, LoadError> {
        check_size(&description)?;
        let functions: Vec<Function> = description.functions.into_iter().map(function).collect();
        let extractors: Vec<Extractor> =
            description.extractors.into_iter().map(|extractor| Extractor { name: extractor.name, summary: extractor.summary }).collect();
        check_functions(&functions)?;
        check_extractors(&extractors)?;
        Ok(Self {
            name: description.name,
            version: description.version,
            signatures: functions.iter().map(signature).collect(),
            extractor_names: extractors.iter().map(|extractor| extractor.name.clone()).collect(),
            functions,
            extractors,
            sees_parameters: false,
        })
    }

    /// Adds whether it was granted a look at the parameters of hooks.
    pub(super) fn seeing_parameters(self, sees_parameters: bool) -> Self {
        Self { sees_parameters, ..self }
    }
}

/// What a plugin may say of itself: functions, and as many extractors; parameters of one function; bytes of a name or version.
const FUNCTIONS: usize = 1000;
const PARAMETERS: usize = 255;
const NAME: usize = 100;

fn check_size(description: &wire::Description) -> Result<(), LoadError> {
    let wire::Description { name, version, functions, extractors } = description;
    let is_name = |name: &str| name.len() <= NAME && !name.contains(char::is_control);
    let problem = if !is_name(name) || !is_name(version) || !extractors.iter().all(|extractor| is_name(&extractor.name)) {
        format!("a name or version has more than {NAME} bytes, or control characters in it")
    } else if functions.len() > FUNCTIONS || extractors.len() > FUNCTIONS {
        format!("it has {} functions and {} uid extractors; at most {FUNCTIONS} of each are taken", functions.len(), extractors.len())
    } else if functions.iter().any(|function| function.parameters.len() > PARAMETERS) {
        format!("a function has more than {PARAMETERS} parameters")
    } else {
        return Ok(());
    };
    Err(LoadError::Description(problem))
}

fn check_functions(functions: &[Function]) -> Result<(), LoadError> {
    let mut seen = HashSet::new();
    for Function { name, parameters, .. } in functions {
        let problem = if name.len() > NAME || !is_identifier(name) {
            "is not a name that an expression can call"
        } else if iml::functions::find(name).is_some() {
            "has the name of a built-in function"
        } else if !seen.insert(name) {
            "is there twice"
        } else if parameters.iter().rev().skip(1).any(|parameter| parameter.variadic) {
            "has a variadic parameter that is not the last"
        } else {
            continue;
        };
        return Err(LoadError::Description(format!("the function `{}` {problem}", one_line(name, NAME))));
    }
    Ok(())
}

fn check_extractors(extractors: &[Extractor]) -> Result<(), LoadError> {
    let mut seen = HashSet::new();
    match extractors.iter().find(|extractor| !seen.insert(&extractor.name)) {
        Some(twice) => Err(LoadError::Description(format!("the uid extractor `{}` is there twice", twice.name))),
        None => Ok(()),
    }
}

fn is_identifier(name: &str) -> bool {
    let mut letters = name.bytes();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == b'_')
}

fn function(function: wire::Function) -> Function {
    let parameters = function.parameters.into_iter().map(|parameter| Parameter {
        name: parameter.name,
        kind: kind_name(parameter.kind),
        optional: parameter.optional,
        variadic: parameter.variadic,
    });
    let examples = function.examples.into_iter().map(|wire::Example { expression, result }| Example { expression, result });
    Function {
        name: function.name,
        summary: function.summary,
        parameters: parameters.collect(),
        returns: kind_name(function.returns),
        examples: examples.collect(),
    }
}

fn signature(function: &Function) -> iml::Signature {
    let parameters = function.parameters.iter().map(|parameter| iml::Parameter {
        name: parameter.name.clone(),
        optional: parameter.optional,
        variadic: parameter.variadic,
    });
    iml::Signature { name: function.name.clone(), parameters: parameters.collect(), summary: first_paragraph(&function.summary) }
}

/// What stands alone where there is room for one line.
pub fn first_paragraph(documentation: &str) -> String {
    let lines = documentation.lines().map(str::trim).take_while(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join(" ")
}

fn kind_name(kind: wire::Kind) -> &'static str {
    match kind {
        wire::Kind::Any => "any",
        wire::Kind::Null => "null",
        wire::Kind::Boolean => "boolean",
        wire::Kind::Number => "number",
        wire::Kind::Text => "text",
        wire::Kind::Date => "date",
        wire::Kind::Binary => "binary",
        wire::Kind::Array => "array",
        wire::Kind::Collection => "collection",
    }
}
