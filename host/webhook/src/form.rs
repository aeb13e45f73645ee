//! Names and values as queries and forms carry them: repeated names become arrays, bracket names nest.

use std::borrow::Cow;
use std::collections::HashMap;

use hookwright_iml::{Budget, Fields, Value};
use indexmap::IndexMap;

use crate::body::BadBody;

/// How deep bracket names nest; a name with more brackets is only readable as it stands.
const MAXIMUM_DEPTH: usize = 32;

/// How many fields a form may have. A field of four bytes takes a hundred in memory, so that a body's size alone is no
/// limit to what it costs.
const MAXIMUM_FIELDS: usize = 10_000;

/// How many parts the bracket names of a form may have, all together: each makes a place in the nested shape, which takes
/// hundreds of bytes for the two that it is written with.
const MAXIMUM_PARTS: usize = 20_000;

/// The fields of a form or a query.
///
/// `a=1&a=2` is the array `[1, 2]` of texts under `a`. `data[merges][FNAME]=Ada` nests, and stays readable by its
/// literal name too. `tags[]=x` appends to an array, `rows[0]=x&rows[1]=y` is an array as well. What is listed, when the
/// whole form goes into an output, is the nested shape.
#[derive(Default)]
pub struct Form<'r> {
    /// The nested shape, made once: what an expression asks for is asked again for every item.
    nested: IndexMap<String, Value<'r>>,
    /// The values of bracket names by the whole name.
    literal: HashMap<String, Value<'r>>,
}

impl<'r> Form<'r> {
    /// Decodes percent signs and `+` of a query or an urlencoded body; what is not UTF-8 becomes U+FFFD.
    ///
    /// # Errors
    /// Too many fields or parts of names, or that `budget` does not allow more.
    pub fn parse(encoded: &'r [u8], budget: &dyn Budget) -> Result<Self, BadBody> {
        let mut building = Building::new(budget);
        for (name, value) in form_urlencoded::parse(encoded) {
            building.add(&name, Value::text(value))?;
        }
        Ok(building.finish())
    }

    /// The form as a collection.
    pub fn value(&self) -> Value<'_> {
        Value::fields(self)
    }
}

/// A form to which fields are still added.
pub(crate) struct Building<'b, 'r> {
    budget: &'b dyn Budget,
    nested: Node<'r>,
    literal: HashMap<String, Node<'r>>,
    fields: usize,
    parts: usize,
}

impl<'b, 'r> Building<'b, 'r> {
    pub(crate) fn new(budget: &'b dyn Budget) -> Self {
        Self { budget, nested: Node::default(), literal: HashMap::new(), fields: 0, parts: 0 }
    }

    /// Adds one field.
    pub(crate) fn add(&mut self, name: &str, value: Value<'r>) -> Result<(), BadBody> {
        self.pass_over()?;
        let segments = segments(name);
        self.parts += segments.len();
        if self.parts > MAXIMUM_PARTS {
            return Err(BadBody::new(format!(
                "the names of the form's or query's fields have more than {MAXIMUM_PARTS} parts in brackets"
            )));
        }
        if segments.len() > 1 {
            self.literal.entry(name.to_owned()).or_default().insert(&[], value.clone());
        }
        self.nested.insert(&segments, value);
        Ok(())
    }

    /// Counts a field, also one that has no name to be found by.
    pub(crate) fn pass_over(&mut self) -> Result<(), BadBody> {
        self.budget.check()?;
        self.fields += 1;
        match self.fields > MAXIMUM_FIELDS {
            true => Err(BadBody::new(format!("the form or query has more than {MAXIMUM_FIELDS} fields"))),
            false => Ok(()),
        }
    }

    pub(crate) fn finish(self) -> Form<'r> {
        Form {
            nested: self.nested.members.into_iter().map(|(name, node)| (name, node.value())).collect(),
            literal: self.literal.into_iter().map(|(name, node)| (name, node.value())).collect(),
        }
    }
}

impl Fields for Form<'_> {
    fn get(&self, name: &str) -> Option<Value<'_>> {
        self.nested.get(name).or_else(|| self.literal.get(name)).cloned()
    }

    fn iter(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Value<'_>)> + '_> {
        Box::new(self.nested.iter().map(|(name, value)| (Cow::Borrowed(name.as_str()), value.clone())))
    }
}

/// One place in the nested shape: the values that stand there, or the members below it.
#[derive(Default)]
struct Node<'r> {
    values: Vec<Value<'r>>,
    /// Written with `[]`, and so an array even with one value.
    appended: bool,
    members: IndexMap<String, Node<'r>>,
}

impl<'r> Node<'r> {
    fn insert(&mut self, path: &[&str], value: Value<'r>) {
        match path {
            [] => self.values.push(value),
            [""] => {
                self.appended = true;
                self.values.push(value);
            }
            ["", rest @ ..] => self.member(&self.members.len().to_string()).insert(rest, value),
            [first, rest @ ..] => self.member(first).insert(rest, value),
        }
    }

    fn member(&mut self, name: &str) -> &mut Self {
        if !self.members.contains_key(name) {
            self.members.insert(name.to_owned(), Node::default());
        }
        &mut self.members[name]
    }

    fn value(&self) -> Value<'r> {
        if self.members.is_empty() {
            return match self.values.as_slice() {
                [only] if !self.appended => only.clone(),
                values => Value::array(values.to_vec()),
            };
        }
        if self.members.keys().enumerate().all(|(index, name)| *name == index.to_string()) {
            return Value::array(self.members.values().map(Node::value).collect());
        }
        let members = self.members.iter().map(|(name, node)| (Cow::Owned(name.clone()), node.value()));
        Value::collection(members.collect())
    }
}

/// `data[merges][FNAME]` is `data`, `merges`, `FNAME`; a name that is not of this form is one segment.
fn segments(name: &str) -> Vec<&str> {
    bracketed(name).filter(|segments| segments.len() <= MAXIMUM_DEPTH).unwrap_or_else(|| vec![name])
}

fn bracketed(name: &str) -> Option<Vec<&str>> {
    let open = name.find('[').filter(|open| *open > 0)?;
    let inner = name[open + 1..].strip_suffix(']')?;
    let keys: Vec<&str> = inner.split("][").collect();
    if keys.iter().any(|key| key.contains(['[', ']'])) {
        return None;
    }
    Some(std::iter::once(&name[..open]).chain(keys).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use hookwright_iml::{Interrupt, Unbounded};

    use super::*;

    fn parse(encoded: &str) -> Result<Form<'_>, BadBody> {
        Form::parse(encoded.as_bytes(), &Unbounded)
    }

    fn json(encoded: &str) -> String {
        let form = parse(encoded).unwrap();
        let mut out = Vec::new();
        form.value().write_json(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn names_nest_repeat_and_append() {
        let table = [
            ("", r#"{}"#),
            ("a=1&b=x+y%21", r#"{"a":"1","b":"x y!"}"#),
            ("a=1&b=2&a=3", r#"{"a":["1","3"],"b":"2"}"#),
            ("data[merges][FNAME]=Ada&data[id]=7", r#"{"data":{"merges":{"FNAME":"Ada"},"id":"7"}}"#),
            ("tags[]=x", r#"{"tags":["x"]}"#),
            ("rows[0]=x&rows[1]=y", r#"{"rows":["x","y"]}"#),
            ("rows[1]=x", r#"{"rows":{"1":"x"}}"#),
            ("to[][name]=A&to[][name]=B", r#"{"to":[{"name":"A"},{"name":"B"}]}"#),
            ("hub.mode=subscribe", r#"{"hub.mode":"subscribe"}"#),
            ("[a]=1&b]=2&c[=3&d[x]y=4&e[[x]]=5", r#"{"[a]":"1","b]":"2","c[":"3","d[x]y":"4","e[[x]]":"5"}"#),
        ];
        for (encoded, expected) in table {
            assert_eq!(json(encoded), expected, "{encoded}");
        }
    }

    #[test]
    fn a_bracket_name_is_readable_as_it_stands_too() {
        let form = parse("data[id]=7&data[id]=8").unwrap();
        assert_eq!(form.value().get("data[id]").to_text(), "7,8");
        assert_eq!(form.value().get("data").get("id").to_text(), "7,8");
        assert!(form.value().get("data[no]").is_nothing());
    }

    #[test]
    fn a_name_of_a_thousand_brackets_does_not_nest() {
        let name = format!("a{}", "[b]".repeat(1000));
        assert_eq!(json(&format!("{name}=1")), format!(r#"{{"{name}":"1"}}"#));
    }

    #[test]
    fn a_form_is_refused_for_its_many_fields_or_for_the_many_parts_of_their_names() {
        assert!(parse(&"a&".repeat(10_000)).is_ok());
        assert!(parse(&"a&".repeat(10_001)).is_err_and(|bad| bad.reason.contains("10000 fields")));
        let deep = format!("a{}&", "[]".repeat(MAXIMUM_DEPTH - 1));
        assert!(parse(&deep.repeat(MAXIMUM_PARTS / MAXIMUM_DEPTH)).is_ok());
        assert!(parse(&deep.repeat(MAXIMUM_PARTS / MAXIMUM_DEPTH + 1)).is_err_and(|bad| bad.reason.contains("parts")));
    }

    #[test]
    fn a_form_is_read_no_further_than_its_budget_allows() {
        struct Nothing;
        impl Budget for Nothing {
            fn check(&self) -> Result<(), Interrupt> {
                Err(Interrupt::Memory)
            }
        }
        let ended = Form::parse(b"a=1", &Nothing).map(|_| ()).unwrap_err();
        assert_eq!(ended.interrupt, Some(Interrupt::Memory));
        assert!(Form::parse(b"", &Nothing).is_ok());
    }
}
