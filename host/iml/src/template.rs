//! Templates: texts with expressions in them, and JSON trees of such texts.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use crate::compile::{Compiled, Compiler, Place};
use crate::constant::Constant;
use crate::error::{Error, Warning};
use crate::eval::evaluate;
use crate::hints;
use crate::json::{self, Kind};
use crate::lexer::{self, Piece};
use crate::library::Library;
use crate::operators;
use crate::parser;
use crate::scope::Scope;
use crate::value::{Collection, Number, Value};

/// The key whose value is spread into the object around it.
const SPREAD: &str = "{{...}}";

/// A compiled template. Compile once, evaluate often, from as many threads as you like.
#[derive(Debug)]
pub struct Template {
    tree: Tree,
    span: Range<usize>,
    variables: BTreeSet<Box<str>>,
    calls_custom: bool,
    constant: bool,
}

#[derive(Debug)]
enum Tree {
    Constant(Constant),
    /// Exactly one expression: its value whatever the type.
    Expression(Compiled),
    /// Anything else with expressions in it: a text.
    Text(Box<[Part]>),
    Array(Box<[Tree]>),
    /// Different names, nothing spread: no pair can replace another.
    Plain(Box<[(Box<str>, Tree)]>),
    /// Any other object.
    Object(Box<[Member]>),
}

#[derive(Debug)]
enum Part {
    Plain(Box<str>),
    Expression(Compiled),
}

#[derive(Debug)]
enum Member {
    Pair(Box<str>, Tree),
    Spread(Tree, Range<usize>),
}

impl Template {
    /// Compiles one text. Spans count bytes of `text`.
    ///
    /// # Errors
    /// Every mistake in the text.
    ///
    /// ```
    /// # use hookwright_iml::{NoCustom, Template};
    /// let (template, warnings) = Template::compile("{{if(body.paid; 'paid'; body.status)}}", &NoCustom).unwrap();
    /// assert!(template.reads("body") && !template.reads("headers"));
    /// assert!(warnings.is_empty());
    ///
    /// let errors = Template::compile("{{body.paid ? 'paid' : 'open'}}", &NoCustom).unwrap_err();
    /// assert_eq!(errors[0].span, 12..13);
    /// ```
    pub fn compile(text: &str, library: &dyn Library) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        build(library, 0..text.len(), |builder| builder.text(text, Place::Text))
    }

    /// Compiles a JSON tree whose texts are templates; the value of a key `"{{...}}"` is spread into the
    /// object around it. Spans count bytes of the document's source, where escapes are longer than what they stand for.
    ///
    /// # Errors
    /// Every mistake in the tree.
    ///
    /// ```
    /// # use hookwright_iml::{NoCustom, Template, json};
    /// let spec = json::Document::parse_with_comments(
    ///     r#"{
    ///         "{{...}}": "{{omit(body; 'token')}}", // everything but the token
    ///         "label": "{{uper(\"x\")}}",
    ///     }"#,
    /// )
    /// .unwrap();
    /// let errors = Template::compile_tree(spec.root(), &NoCustom).unwrap_err();
    /// assert_eq!(&spec.source()[errors[0].span.clone()], "uper");
    /// ```
    pub fn compile_tree(node: json::Node<'_>, library: &dyn Library) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        build(library, node.span(), |builder| builder.tree(node))
    }

    /// As [`Template::compile_tree`], but a text without braces is read as an expression: `"iterate": "body.items"`.
    ///
    /// # Errors
    /// Every mistake in the tree.
    pub fn compile_path(node: json::Node<'_>, library: &dyn Library) -> Result<(Self, Vec<Warning>), Vec<Error>> {
        match node.as_text() {
            Some(text) if !text.contains("{{") => build(library, node.span(), |builder| builder.bare(&text, Place::Node(node))),
            _ => Self::compile_tree(node, library),
        }
    }

    /// Evaluates it.
    ///
    /// # Errors
    /// The first expression that failed, as one fails its whole tree, or that the result is too large.
    pub fn evaluate<'v>(&'v self, scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
        let value = self.tree.evaluate(scope)?;
        scope.budget().check().map_err(|interrupt| Error::interrupted(interrupt, self.span.clone()))?;
        let limits = &scope.environment().limits;
        if value.fits(limits) {
            return Ok(value);
        }
        let message = format!("the result is larger than {} bytes or deeper than {} levels", limits.size, limits.depth);
        Err(Error::new(message, self.span.clone()))
    }

    /// Where it stands, in bytes of what it was compiled from.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Whether any of its expressions mentions this variable.
    pub fn reads(&self, variable: &str) -> bool {
        self.variables.contains(variable)
    }

    /// Whether any of its expressions calls a custom function.
    pub fn calls_custom(&self) -> bool {
        self.calls_custom
    }

    /// Whether there is no expression in it.
    pub fn constant(&self) -> bool {
        self.constant
    }
}

fn build(
    library: &dyn Library,
    span: Range<usize>,
    read: impl FnOnce(&mut Builder<'_>) -> Tree,
) -> Result<(Template, Vec<Warning>), Vec<Error>> {
    let mut builder = Builder { compiler: Compiler::new(library), constant: true };
    let tree = read(&mut builder);
    let Compiler { errors, warnings, variables, calls_custom, .. } = builder.compiler;
    if !errors.is_empty() {
        return Err(errors);
    }
    Ok((Template { tree, span, variables, calls_custom, constant: builder.constant }, warnings))
}

struct Builder<'c> {
    compiler: Compiler<'c>,
    constant: bool,
}

impl Builder<'_> {
    fn tree(&mut self, node: json::Node<'_>) -> Tree {
        match node.kind() {
            Kind::Null => Tree::Constant(Constant::Null),
            Kind::Bool => Tree::Constant(Constant::Bool(node.as_bool() == Some(true))),
            Kind::Number => Tree::Constant(Constant::of_number(&Number::from_json(node.source_text()))),
            Kind::Text => self.text(&node.as_text().unwrap_or_default(), Place::Node(node)),
            Kind::Array => Tree::Array(node.elements().map(|element| self.tree(element)).collect()),
            Kind::Object => self.object(node),
        }
    }

    fn object(&mut self, node: json::Node<'_>) -> Tree {
        let members: Vec<Member> = node.entries().map(|(key, value)| self.member(key, value)).collect();
        let mut names = BTreeSet::new();
        let plain = members.iter().all(|member| match member {
            Member::Pair(name, _) => names.insert(name),
            Member::Spread(..) => false,
        });
        if !plain {
            return Tree::Object(members.into());
        }
        let pairs = members.into_iter().filter_map(|member| match member {
            Member::Pair(name, tree) => Some((name, tree)),
            Member::Spread(..) => None,
        });
        Tree::Plain(pairs.collect())
    }

    fn member(&mut self, key: json::Node<'_>, value: json::Node<'_>) -> Member {
        let name = key.as_text().unwrap_or_default();
        if name == SPREAD {
            return Member::Spread(self.tree(value), value.span());
        }
        if name.contains("{{") {
            let help = "spread a collection instead: `\"{{...}}\": \"{{toCollection(array; 'key'; 'value')}}\"`";
            self.compiler.warnings.push(Warning::new("a key is taken as it is, its braces too", help, key.span()));
        }
        Member::Pair(name.into(), self.tree(value))
    }

    fn text(&mut self, text: &str, place: Place<'_>) -> Tree {
        match lexer::pieces(text) {
            Ok(pieces) => self.pieces(text, pieces, place),
            Err(error) => {
                self.fail(error, place);
                Tree::Constant(Constant::Null)
            }
        }
    }

    fn pieces(&mut self, text: &str, pieces: Vec<Piece<'_>>, place: Place<'_>) -> Tree {
        self.compiler.warnings.extend(hints::unclosed(text, &pieces, place));
        if !pieces.iter().any(|piece| matches!(piece, Piece::Expression(_))) {
            return Tree::Constant(Constant::Text(Box::from(text)));
        }
        let mut parts: Vec<Part> = pieces.into_iter().filter_map(|piece| self.part(text, piece, place)).collect();
        match parts.pop() {
            Some(Part::Expression(only)) if parts.is_empty() => Tree::Expression(only),
            last => Tree::Text(parts.into_iter().chain(last).collect()),
        }
    }

    fn part(&mut self, text: &str, piece: Piece<'_>, place: Place<'_>) -> Option<Part> {
        match piece {
            Piece::Text(plain) => Some(Part::Plain(Box::from(plain))),
            Piece::Expression(tokens) => self.compiled(text, &tokens, place).map(Part::Expression),
        }
    }

    fn bare(&mut self, text: &str, place: Place<'_>) -> Tree {
        let tokens = lexer::bare_expression(text);
        self.compiled(text, &tokens, place).map_or(Tree::Constant(Constant::Null), Tree::Expression)
    }

    fn compiled(&mut self, text: &str, tokens: &[crate::token::Token<'_>], place: Place<'_>) -> Option<Compiled> {
        self.constant = false;
        let mut warnings = Vec::new();
        let parsed = parser::parse(text, tokens, &mut warnings);
        let moved = warnings.into_iter().map(|warning| Warning { span: place.source(&warning.span), ..warning });
        self.compiler.warnings.extend(moved);
        match parsed {
            Ok(expression) => {
                self.compiler.warnings.extend(hints::unset_secret(text, &expression, place));
                Some(self.compiler.expression(expression, place))
            }
            Err(error) => {
                self.fail(error, place);
                None
            }
        }
    }

    fn fail(&mut self, error: Error, place: Place<'_>) {
        let span = place.source(&error.span);
        self.compiler.errors.push(Error { span, ..error });
    }
}

impl Tree {
    fn evaluate<'v>(&'v self, scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
        match self {
            Self::Constant(constant) => Ok(constant.value()),
            Self::Expression(expression) => evaluate(expression, scope),
            Self::Text(parts) => text(parts, scope),
            Self::Array(items) => array(items, scope),
            Self::Plain(pairs) => plain(pairs, scope),
            Self::Object(members) => object(members, scope),
        }
    }
}

fn text<'v>(parts: &'v [Part], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let limits = &scope.environment().limits;
    let mut joined = String::new();
    for part in parts {
        match part {
            Part::Plain(plain) => joined.push_str(plain),
            Part::Expression(expression) => {
                let value = evaluate(expression, scope)?;
                operators::append(&mut joined, &value, limits).map_err(|message| expression.error(message))?;
            }
        }
    }
    Ok(Value::text(joined))
}

/// An array; an element that is missing is null, so that the others keep their places.
fn array<'v>(items: &'v [Tree], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let values = items.iter().map(|item| {
        let value = item.evaluate(scope)?;
        Ok(if matches!(value, Value::Missing) { Value::Null } else { value })
    });
    Ok(Value::array(values.collect::<Result<_, Error>>()?))
}

/// A collection of different names; a member that is missing is left out.
fn plain<'v>(members: &'v [(Box<str>, Tree)], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let mut pairs: Vec<(Cow<'v, str>, Value<'v>)> = Vec::with_capacity(members.len());
    for (name, tree) in members {
        let value = tree.evaluate(scope)?;
        if !matches!(value, Value::Missing) {
            pairs.push((Cow::Borrowed(name), value));
        }
    }
    Ok(Value::Collection(Collection::of_distinct(pairs)))
}

/// A collection; a member that is missing is left out, and takes an earlier one of its name with it.
fn object<'v>(members: &'v [Member], scope: &dyn Scope<'v>) -> Result<Value<'v>, Error> {
    let mut pairs: Vec<(Cow<'v, str>, Value<'v>)> = Vec::with_capacity(members.len());
    for member in members {
        match member {
            Member::Pair(key, tree) => pairs.push((Cow::Borrowed(key), tree.evaluate(scope)?)),
            Member::Spread(tree, span) => spread(&tree.evaluate(scope)?, span, &mut pairs)?,
        }
    }
    Ok(Value::Collection(Collection::of_present(pairs)))
}

fn spread<'v>(value: &Value<'v>, span: &Range<usize>, pairs: &mut Vec<(Cow<'v, str>, Value<'v>)>) -> Result<(), Error> {
    match value {
        Value::Missing | Value::Null => Ok(()),
        Value::Collection(collection) => {
            pairs.extend(collection.iter());
            Ok(())
        }
        other => {
            let message = format!("`{SPREAD}` wants a collection, not a value of the kind {}", other.kind_name());
            Err(Error::new(message, span.clone()))
        }
    }
}
