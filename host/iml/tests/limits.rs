//! What may not hang, overflow or exhaust anything: depth, size, and input made to be hard.
#![allow(clippy::unwrap_used)]

use hookwright_iml::notation::Context;
use hookwright_iml::{CallError, Date, Environment, Limits, NoCustom, Scope, Template, Value, Zone, json};

fn evaluate(template: &str, limits: Limits) -> Result<String, String> {
    let (template, _) = Template::compile(template, &NoCustom).map_err(|errors| errors[0].message.clone())?;
    let context = r#"{"ten": "0123456789", "deep": [[[[[[[[1]]]]]]]]}"#;
    let document = json::Document::parse(context).unwrap();
    let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits };
    let scope = Context::read(document.root(), &environment).unwrap();
    template.evaluate(&scope).map(|value| value.to_json()).map_err(|error| error.message)
}

fn of_json(template: &str) -> Result<String, String> {
    let (template, _) = Template::compile(template, &NoCustom).unwrap();
    let document = json::Document::parse(r#"{"deep": [[[[[[[[1]]]]]]]]}"#).unwrap();
    let scope = Body(
        Value::from_json(document.root()),
        Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits { size: 100, depth: 6 } },
    );
    template.evaluate(&scope).map(|value| value.to_json()).map_err(|error| error.message)
}

/// A scope over a document as it was read.
struct Body<'v>(Value<'v>, Environment);

impl<'v> Scope<'v> for Body<'v> {
    fn variable(&self, name: &str) -> Value<'v> {
        self.0.get(name)
    }

    fn environment(&self) -> &Environment {
        &self.1
    }

    fn call(&self, function: &str, _: &[Value<'v>]) -> Result<Value<'v>, CallError> {
        Err(function.to_owned().into())
    }
}

fn small(template: &str) -> Result<String, String> {
    evaluate(template, Limits { size: 100, depth: 6 })
}

#[test]
fn sixty_four_levels_are_fine_and_more_are_an_error_however_many() {
    let nested = |depth: usize| format!("{{{{{}1{}}}}}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(evaluate(&nested(63), Limits::default()).unwrap(), "1");
    for depth in [64, 1_000, 50_000] {
        assert!(evaluate(&nested(depth), Limits::default()).unwrap_err().contains("64 levels"));
    }
}

#[test]
fn every_way_of_nesting_is_limited() {
    for (open, close) in [("!", ""), ("-", ""), ("first(", ")"), ("[", "]"), ("{a:", "}"), ("a[", "]"), ("{{", "}}"), ("1+(", ")")] {
        let expression = format!("{{{{ {}1{} }}}}", open.repeat(20_000), close.repeat(20_000));
        let error = evaluate(&expression, Limits::default()).unwrap_err();
        assert!(error.contains("64 levels"), "{open}: {error}");
    }
}

#[test]
fn long_chains_are_not_deep() {
    for (expression, expected) in [("1 + ", "20001"), ("1 | ", "1"), ("1 & ", "1"), ("'' ", r#""1""#)] {
        let expression = format!("{{{{{}1}}}}", expression.repeat(20_000));
        assert_eq!(evaluate(&expression, Limits::default()).unwrap(), expected);
    }
    let path = format!("{{{{ten{}}}}}", ".a[1]".repeat(20_000));
    assert_eq!(evaluate(&path, Limits::default()).unwrap(), "null");
}

#[test]
fn a_text_may_not_outgrow_the_limit() {
    for template in [
        "{{ten}}".repeat(11).as_str(),
        &format!("{{{{{}ten}}}}", "ten + ".repeat(10)),
        &format!("{{{{{}ten}}}}", "ten ".repeat(10)),
        &format!("{{{{join([{}ten]; '')}}}}", "ten, ".repeat(10)),
        &format!("{{{{join([{}1]; ten)}}}}", "1, ".repeat(10)),
        &format!("{{{{createJSON([{}ten])}}}}", "ten, ".repeat(10)),
        &format!("{{{{length(upper([{}ten]))}}}}", "ten, ".repeat(10)),
    ] {
        match small(template) {
            Err(message) => assert!(message.contains("100 bytes") || message.contains("no function"), "{template}: {message}"),
            Ok(value) => panic!("{template} gave {value}"),
        }
    }
}

#[test]
fn a_result_may_be_neither_larger_nor_deeper_than_the_limits() {
    let large = format!("{{{{[{}ten]}}}}", "ten, ".repeat(10));
    assert!(small(&large).unwrap_err().contains("larger than 100 bytes"));
    assert!(small("{{[[[[[[[1]]]]]]]}}").unwrap_err().contains("deeper than 6 levels"));
    assert!(small("{{deep}}").unwrap_err().contains("deeper than 6 levels"));
    assert!(of_json("{{deep}}").unwrap_err().contains("deeper than 6 levels"));
    assert_eq!(of_json("{{deep[1][1]}}").unwrap(), "[[[[[[1]]]]]]");
    assert!(of_json("{{[deep[1][1]]}}").unwrap_err().contains("deeper than 6 levels"));
    assert!(small("{{add(emptyarray; deep[1][1][1])}}").is_ok());
}

#[test]
fn braces_and_quotes_without_end_cost_no_more_than_their_length() {
    for text in [
        "{{".repeat(20_000),
        "{{'".repeat(20_000),
        "{{`".repeat(20_000),
        "{".repeat(20_000),
        "{{a ".repeat(20_000),
        "{{a {{b}} ".repeat(20_000),
    ] {
        let text = text + "}}";
        if let Err(errors) = Template::compile(&text, &NoCustom) {
            assert_eq!(errors.len(), 1);
        }
    }
}

#[test]
fn json_nests_to_128_levels() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(json::Document::parse(&nested(128)).is_ok());
    for depth in [129, 100_000] {
        assert!(json::Document::parse(&nested(depth)).unwrap_err().message.contains("128 levels"));
    }
}

/// What ends at once although a sender made it as hard as possible; done element by element it would take minutes.
#[track_caller]
fn ends_soon(template: &str, body: &str) {
    let (compiled, _) = Template::compile(template, &NoCustom).unwrap();
    let document = json::Document::parse(body).unwrap();
    let environment = Environment { now: Date::EPOCH, zone: Zone::UTC, random: || 7, limits: Limits::default() };
    drop(compiled.evaluate(&Body(Value::from_json(document.root()), environment)));
}

fn list(length: usize, element: impl Fn(usize) -> String) -> String {
    format!("[{}]", (0..length).map(element).collect::<Vec<_>>().join(","))
}

#[test]
fn a_number_of_many_digits_is_read_once() {
    let digits = "9".repeat(400_000);
    let numbers = list(20_000, |index| if index % 10_000 == 7 { digits.clone() } else { format!("{index}.5") });
    let body = format!(r#"{{"list": {numbers}, "number": {digits}, "text": "{digits}"}}"#);
    for template in ["{{sort(list)}}", "{{max(list)}}", "{{remove(list; number)}}", "{{remove(list; text)}}"] {
        ends_soon(template, &body);
    }
}

#[test]
fn members_of_wide_collections_are_looked_up() {
    let wide = format!("{{{}}}", (0..40_000).map(|index| format!(r#""k{index}":1"#)).collect::<Vec<_>>().join(","));
    let body = format!(r#"{{"one": {wide}, "other": {wide}}}"#);
    for template in ["{{one = other}}", "{{omit(one; keys(other))}}", "{{pick(one; keys(other))}}"] {
        ends_soon(template, &body);
    }
}

#[test]
fn the_filter_of_a_map_may_have_as_many_values_as_the_array() {
    let body = format!(r#"{{"list": {}}}"#, list(60_000, |index| format!(r#"{{"id":{index}}}"#)));
    ends_soon("{{map(list; 'id'; 'id'; map(list; 'id'))}}", &body);
    ends_soon("{{map(list; 'id'; 'id'; join(map(list; 'id')))}}", &body);
}

#[test]
fn a_path_that_a_sender_wrote_is_read_once_and_has_an_end() {
    let body =
        format!(r#"{{"list": {}, "short": "{}", "long": "{}"}}"#, list(60_000, |_| "1".to_owned()), "[1]".repeat(300), "a.".repeat(60_000));
    for template in ["{{map(list; short)}}", "{{map(list; long)}}", "{{sort(list; long)}}", "{{distinct(list; long)}}"] {
        ends_soon(template, &body);
    }
}

#[test]
fn searching_an_array_for_something_large_is_refused() {
    let body = format!(
        r#"{{"list": {}, "lists": {}, "wide": {{{}}}, "long": {}}}"#,
        list(60_000, |_| "{}".to_owned()),
        list(60_000, |_| "[1]".to_owned()),
        (0..40_000).map(|index| format!(r#""k{index}":1"#)).collect::<Vec<_>>().join(","),
        list(40_000, |_| "1".to_owned()),
    );
    for template in ["{{remove(list; wide)}}", "{{contains(list; wide)}}", "{{remove(lists; long)}}"] {
        ends_soon(template, &body);
    }
}

#[test]
fn an_array_that_a_function_takes_or_makes_has_a_limit() {
    let small = |template| evaluate(template, Limits { size: 40, depth: 6 });
    for template in [
        "{{length(split('a,b,c,d,e,f'; ','))}}",
        "{{length(merge([1, 2, 3], [4, 5, 6]))}}",
        "{{length(flatten([[1, 2, 3], [4, 5, 6]]))}}",
        "{{length(reverse([1, 2, 3, 4, 5, 6]))}}",
        "{{length(add([1, 2, 3, 4, 5, 6]; 7))}}",
        "{{length(keys([1, 2, 3, 4, 5, 6]))}}",
        "{{length(toArray([1, 2, 3, 4, 5, 6]))}}",
    ] {
        assert!(small(template).unwrap_err().contains("more than 5 elements"), "{template}");
    }
    assert_eq!(small("{{length(split('a,b,c,d,e'; ','))}}").unwrap(), "5");
    assert_eq!(small("{{length(merge([1, 2], [3, 4, 5]))}}").unwrap(), "5");
}

#[test]
fn a_separator_of_digits_is_short() {
    let separator = "x".repeat(101);
    let error = evaluate(&format!("{{{{formatNumber(1234567; 2; '.'; '{separator}')}}}}"), Limits::default()).unwrap_err();
    assert!(error.contains("at most 100 bytes"), "{error}");
}

#[test]
fn a_short_number_may_be_a_long_text_and_counts_as_that() {
    let list = format!("[{}]", vec!["1e300"; 20].join(","));
    // The length alone is a small result: it is the text on the way to it that is refused.
    for template in [format!("{{{{length(upper({list}))}}}}"), format!("{{{{length('' + {list})}}}}"), format!("{{{{{list}}}}} ")] {
        let error = evaluate(&template, Limits { size: 1_000, depth: 6 }).unwrap_err();
        assert!(error.contains("1000 bytes"), "{error}");
    }
}
