//! The language, rule by rule: what an expression gives over a context, both in the notation of the case files.
#![allow(clippy::unwrap_used)]

use hookwright_iml::notation::Context;
use hookwright_iml::{Date, Environment, Limits, NoCustom, Template, Zone, json};

/// Evaluates a text template; an error gives `error: ` and its message.
fn over(context: &str, template: &str) -> String {
    let (compiled, _) = match Template::compile(template, &NoCustom) {
        Ok(compiled) => compiled,
        Err(errors) => return format!("error: {}", errors[0].message),
    };
    evaluated(context, &compiled)
}

fn tree(context: &str, template: &str) -> String {
    let document = json::Document::parse_with_comments(template).unwrap();
    let (compiled, _) = Template::compile_tree(document.root(), &NoCustom).unwrap();
    evaluated(context, &compiled)
}

fn evaluated(context: &str, template: &Template) -> String {
    let document = json::Document::parse(context).unwrap();
    let now = Date::from_milliseconds(1_704_067_200_123).unwrap();
    let environment = Environment { now, zone: Zone::UTC, random: || u64::MAX, limits: Limits::default() };
    let scope = Context::read(document.root(), &environment).unwrap();
    let mut out = Vec::new();
    match template.evaluate(&scope) {
        Ok(value) => value.write_notation(&mut out),
        Err(error) => return format!("error: {}", error.message),
    }
    String::from_utf8(out).unwrap()
}

fn all(context: &str, expectations: &[(&str, &str)]) {
    for (template, expected) in expectations {
        assert_eq!(over(context, template), *expected, "{template}");
    }
}

fn expressions(context: &str, expectations: &[(&str, &str)]) {
    for (expression, expected) in expectations {
        assert_eq!(over(context, &format!("{{{{{expression}}}}}")), *expected, "{expression}");
    }
}

const MISSING: &str = r#"{"$undefined":true}"#;

#[test]
fn a_template_is_one_expression_only_if_nothing_else_stands_in_it() {
    let context = r#"{"a": 1, "b": 2, "x": {"k": true}}"#;
    all(
        context,
        &[
            ("{{a}}", "1"),
            ("{{ a }}", "1"),
            (" {{a}}", r#"" 1""#),
            ("{{a}} ", r#""1 ""#),
            ("{{a}}{{b}}", r#""12""#),
            ("{{{a}}}", r#""{1}""#),
            (r#"{"a":{{x}}}"#, r#""{\"a\":{\"k\":true}}""#),
            ("{{\"}}\"}}", r#""}}""#),
            ("{{'{{'}}", r#""{{""#),
        ],
    );
}

#[test]
fn braces_that_do_not_close_are_text() {
    all(
        r#"{"a": 1, "b": 2}"#,
        &[("{{a", r#""{{a""#), ("a}}", r#""a}}""#), ("{{a{{b}}", r#""{{a2""#), ("{ {{a}} }", r#""{ 1 }""#), ("}}{{a}}{{", r#""}}1{{""#)],
    );
}

#[test]
fn values_in_mixed_text_are_plain() {
    let context = r#"{"n": 1.50, "big": 12345678901234567890, "e": 1e3, "a": [1, "x", null, [2]], "o": {"k": [1, null]},
        "d": {"$date": "2016-06-20T17:26:44.356Z"}, "u": {"$buffer": "w6k="}, "r": {"$buffer": "/w=="}, "z": null}"#;
    all(
        context,
        &[
            ("n={{n}}", r#""n=1.5""#),
            ("n={{big}}", r#""n=12345678901234567890""#),
            ("n={{e}}", r#""n=1000""#),
            ("a={{a}}", r#""a=1,x,,2""#),
            ("o={{o}}", r#""o={\"k\":[1,null]}""#),
            ("d={{d}}", r#""d=2016-06-20T17:26:44.356Z""#),
            ("u={{u}}", r#""u=é""#),
            ("r={{r}}", r#""r=/w==""#),
            ("z={{z}}{{nothing}}", r#""z=""#),
            ("t={{true}}", r#""t=true""#),
        ],
    );
}

#[test]
fn numbers_that_pass_through_keep_their_digits() {
    let context = r#"{"a": [1.50, 12345678901234567890123, 1e400, -0]}"#;
    all(context, &[("{{a}}", "[1.50,12345678901234567890123,1e400,-0]"), ("{{a[1]}}", "1.50"), ("{{first(a)}}", "1.50")]);
    assert_eq!(tree("{}", r#"{"n": 1.50}"#), r#"{"n":1.50}"#);
    let long = format!("1{}", "0".repeat(90));
    assert_eq!(over(&format!(r#"{{"a": [{long}]}}"#), "{{reverse(a)}}"), format!("[{long}]"));
}

#[test]
fn quotes_are_doubled_and_backslashes_mean_nothing() {
    expressions(
        "{}",
        &[
            ("'it''s'", r#""it's""#),
            (r#""a ""b"" c""#, r#""a \"b\" c""#),
            (r#""""""#, r#""\"""#),
            (r"'\n'", r#""\\n""#),
            ("'a\nb'", r#""a\nb""#),
            (r#"'"' + "'""#, r#""\"'""#),
        ],
    );
}

#[test]
fn keywords_have_their_values() {
    expressions(
        "{}",
        &[
            ("undefined", MISSING),
            ("ignore", MISSING),
            ("erase", "null"),
            ("emptystring", r#""""#),
            ("emptyarray", "[]"),
            ("space + tab + newline + carriagereturn + nbsp", "\" \\t\\n\\r\u{a0}\""),
            ("now", r#"{"$date":"2024-01-01T00:00:00.123Z"}"#),
            ("timestamp", "1704067200"),
            ("pi", "3.141592653589793"),
            ("random < 1", "true"),
            ("uuid", r#""ffffffff-ffff-4fff-bfff-ffffffffffff""#),
            ("True", MISSING),
        ],
    );
}

#[test]
fn a_keyword_in_backticks_or_behind_a_dot_is_a_name() {
    expressions(
        r#"{"now": 1, "a": {"true": 2, "and": 3, "space": 4}, "and": 5}"#,
        &[("`now`", "1"), ("a.true", "2"), ("a.and", "3"), ("a.space", "4"), ("and", "5"), ("and and a.and", "3")],
    );
}

#[test]
fn numbers_and_module_paths_are_told_apart() {
    expressions(
        r#"{"1": {"email": "e", "user name": "u", "2": "two"}, "27": {"array": [1]}}"#,
        &[
            ("1.email", r#""e""#),
            ("1.`user name`", r#""u""#),
            ("`1`.email", r#""e""#),
            ("1", "1"),
            ("1.5", "1.5"),
            ("1.5e2", "150"),
            ("2E-1", "0.2"),
            ("27.array[1]", "1"),
            ("1.email.2", MISSING),
            ("`1`.2", r#""two""#),
            ("007", "7"),
            ("1.0", "1"),
            ("12345678901234567890", "12345678901234567890"),
        ],
    );
}

#[test]
fn paths_count_from_one_and_never_fail() {
    expressions(
        r#"{"a": ["x", "y", {"k": 1}], "o": {"k": {"l": 2}, "1": "one"}, "s": "text", "n": null, "i": 2, "key": "k"}"#,
        &[
            ("a[1]", r#""x""#),
            ("a[-1].k", "1"),
            ("a[-2]", r#""y""#),
            ("a[0]", MISSING),
            ("a[9]", MISSING),
            ("a[-9]", MISSING),
            ("a[]", r#""x""#),
            ("a[i]", r#""y""#),
            ("a[i + 1].k", "1"),
            ("a[{{i}}]", r#""y""#),
            ("a['2']", r#""y""#),
            ("a.`2`", r#""y""#),
            ("a.2", r#""y""#),
            ("a.k", MISSING),
            ("o['k'].l", "2"),
            ("o[key].l", "2"),
            ("o[1]", r#""one""#),
            ("o[].k.l", "2"),
            ("o[2].k.l", "2"),
            ("s[]", r#""text""#),
            ("s[1]", r#""text""#),
            ("s.length", MISSING),
            ("n.x.y", MISSING),
            ("z.x[3].y", MISSING),
            ("o[z]", MISSING),
            ("first(a)", r#""x""#),
            ("last(a).k", "1"),
            ("(o).k.l", "2"),
            ("[4, 5][2]", "5"),
            ("{a: 6}.a", "6"),
            ("'t'.x", MISSING),
        ],
    );
}

#[test]
fn operators_bind_as_in_javascript() {
    expressions(
        "{}",
        &[
            ("1 + 2 * 3", "7"),
            ("(1 + 2) * 3", "9"),
            ("10 - 2 - 3", "5"),
            ("2 * 3 % 4", "2"),
            ("1 + 1 = 2", "true"),
            ("1 < 2 = true", "true"),
            ("1 = 1 & 2 = 3 | true", "true"),
            ("true | false & false", "true"),
            ("!false & false", "false"),
            ("!(1 = 1)", "false"),
            ("!!'a'", "true"),
            ("- 2 + 5", "3"),
            ("5--2", "7"),
            ("-(2 + 3)", "-5"),
            ("2 * -3", "-6"),
            ("1 === 1 && 1 !== 2 || false", "true"),
            ("1 == 1 and 2 != 2 or 'x'", r#""x""#),
            ("'a' = 'a' = true", "true"),
        ],
    );
}

#[test]
fn logic_returns_an_operand_and_skips_the_rest() {
    expressions(
        r#"{"a": "", "b": "B", "o": {}, "l": []}"#,
        &[
            ("a | b", r#""B""#),
            ("a & (1 / 0)", r#""""#),
            ("b | (1 / 0)", r#""B""#),
            ("b & 0", "0"),
            ("missing & 1", MISSING),
            ("o & l", "[]"),
            ("'0' & 'false' & ' '", r#"" ""#),
            ("0 | null", "null"),
        ],
    );
}

#[test]
fn arithmetic_is_decimal_and_exact() {
    expressions(
        r#"{"p": 9.95, "s": " 2.5 "}"#,
        &[
            ("0.1 + 0.2", "0.3"),
            ("0.1 * 3", "0.3"),
            ("1.1 - 1", "0.1"),
            ("p * 100", "995"),
            ("4.35 * 100", "435"),
            ("1 / 3", "0.3333333333333333"),
            ("2 / 3", "0.6666666666666666"),
            ("10 / 4", "2.5"),
            ("6 / 3", "2"),
            ("5.5 % 2", "1.5"),
            ("-7 % 4", "-3"),
            ("7 % -4", "3"),
            ("9007199254740993 + 2", "9007199254740995"),
            ("9223372036854775806 + 1", "9223372036854775807"),
            ("'3' * '4'", "12"),
            ("s * 2", "5"),
            ("'3' - 1", "2"),
            ("'3' ++ '4'", "7"),
            ("1 ++ 2", "3"),
        ],
    );
}

#[test]
fn what_is_no_number_is_an_error() {
    expressions(
        r#"{"t": "abc", "n": null, "b": true, "a": [1], "z": 0}"#,
        &[
            ("1 / 0", "error: division by zero"),
            ("1 / z", "error: division by zero"),
            ("1 % 0", "error: division by zero"),
            ("t * 1", "error: `*` wants numbers, but this text is not one"),
            ("'' * 1", "error: `*` wants numbers, but this text is not one"),
            ("n * 1", "error: `*` wants numbers, but this is null"),
            ("missing - 1", "error: `-` wants numbers, but this is missing"),
            ("b * 1", "error: `*` wants numbers, but this is a boolean"),
            ("a * 1", "error: `*` wants numbers, but this is an array"),
            ("-t", "error: `-` wants numbers, but this text is not one"),
            ("1e308 * 10", "error: the result of `*` is too large for a number"),
        ],
    );
}

#[test]
fn plus_adds_joins_or_keeps() {
    expressions(
        r#"{"n": null, "d": {"$date": "1970-01-01T00:00:01.000Z"}, "a": [1, 2], "o": {"k": 1}}"#,
        &[
            ("1 + 2", "3"),
            ("1 + '2'", r#""12""#),
            ("'1' + 2 + 3", r#""123""#),
            ("1 + 2 + '3'", r#""33""#),
            ("'a' + n + missing + 'b'", r#""ab""#),
            ("'a' + true", r#""atrue""#),
            ("'a' + a", r#""a1,2""#),
            ("'a' + o", r#""a{\"k\":1}""#),
            ("'at ' + d", r#""at 1970-01-01T00:00:01.000Z""#),
            ("d + 500", "1500"),
            ("d - d", "0"),
            ("d - 1", "999"),
            ("n + 5", "5"),
            ("5 + missing", "5"),
            ("n + n", "null"),
            ("missing + missing", MISSING),
            ("missing + 'a'", r#""a""#),
            ("'' + 0.10", r#""0.1""#),
            ("'a' + 1 - 1", "error: `-` wants numbers, but this text is not one"),
            ("'1' + 1 - 1", "10"),
        ],
    );
}

#[test]
fn equality_is_by_type_and_value_with_two_relaxations() {
    expressions(
        r#"{"d": {"$date": "2024-01-01T00:00:00Z"}, "e": {"$date": "2024-01-01T01:00:00+01:00"}, "o": {"a": 1, "b": [2]}, "p": {"b": [2.0], "a": 1},
            "x": {"$buffer": "AQ=="}, "y": {"$buffer": "AQ=="}, "big": 12345678901234567890, "bigger": 12345678901234567891}"#,
        &[
            ("1 = '1'", "true"),
            ("'1.0' = 1", "true"),
            ("1 = ' 1'", "false"),
            ("0 = ''", "false"),
            ("null = missing", "true"),
            ("null = 0", "false"),
            ("null = ''", "false"),
            ("missing != ''", "true"),
            ("true = 'true'", "false"),
            ("true = 1", "false"),
            ("1 = 1.0", "true"),
            ("'a' = 'A'", "false"),
            ("d = e", "true"),
            ("d = 1704067200000", "false"),
            ("o = p", "true"),
            ("o = {a: 1}", "false"),
            ("[1, '2'] = [1, 2]", "true"),
            ("[1] = [1, 2]", "false"),
            ("x = y", "true"),
            ("big = bigger", "false"),
            ("equal(1; '1')", "true"),
            ("emptyarray = emptyarray", "true"),
        ],
    );
}

#[test]
fn relations_compare_texts_by_unit_and_the_rest_as_numbers() {
    expressions(
        r#"{"d": {"$date": "2024-01-01T00:00:00Z"}}"#,
        &[
            ("'a' < 'b'", "true"),
            ("'B' < 'a'", "true"),
            ("'10' < '9'", "true"),
            ("'10' < 9", "false"),
            ("10 >= '10'", "true"),
            ("0.1 + 0.2 <= 0.3", "true"),
            ("missing < 5", "false"),
            ("missing > 5", "false"),
            ("null < 5", "true"),
            ("'abc' < 5", "false"),
            ("d < now", "true"),
            ("d > '2023-12-31'", "true"),
            ("d < 1704067200001", "true"),
            ("'\u{ff61}' < '\u{1f600}'", "false"),
        ],
    );
}

#[test]
fn values_next_to_each_other_join() {
    expressions(
        r#"{"a": "x", "b": {"c": 2}}"#,
        &[
            ("'cha_'b.c", r#""cha_2""#),
            ("a ' ' b.c", r#""x 2""#),
            ("a b.c 'z'", r#""x2z""#),
            ("'a'(1 + 2)", r#""a3""#),
            ("a missing", r#""x""#),
            ("1 + 'a' 'b'", r#""1ab""#),
        ],
    );
}

#[test]
fn arrays_and_collections_may_be_written() {
    expressions(
        r#"{"x": {"y": 1}}"#,
        &[
            ("[1, 'a', [x.y]]", r#"[1,"a",[1]]"#),
            ("[]", "[]"),
            ("{}", "{}"),
            ("{a: x.y, 'b c': {d: 2}}", r#"{"a":1,"b c":{"d":2}}"#),
            ("if(x, { limit: 5 }, undefined)", r#"{"limit":5}"#),
            ("{a: missing}", "{}"),
            (" {a: {b: {c: 1}}} ", r#"{"a":{"b":{"c":1}}}"#),
            ("{a: 1}", r#"{"a":1}"#),
        ],
    );
}

#[test]
fn arguments_may_be_empty_and_are_separated_by_commas_or_semicolons() {
    expressions(
        r#"{"t": true}"#,
        &[
            ("if(t,'x',)", r#""x""#),
            ("if(!t,'x',)", MISSING),
            ("if(t;;3)", MISSING),
            ("ifempty(missing,)", MISSING),
            ("if(t,)", MISSING),
            ("add(emptyarray; 1;)", "[1]"),
            ("first([1],)", "1"),
            ("if(t, 1; 2)", "1"),
            ("if ( t ; 1 ; 2 )", "1"),
            ("if(1 = 2 and 1 = 2; 'A'; 'B')", r#""B""#),
        ],
    );
}

#[test]
fn only_what_is_needed_is_evaluated() {
    expressions(
        "{}",
        &[
            ("if(true; 1; 1 / 0)", "1"),
            ("if(false; 1 / 0; 2)", "2"),
            ("ifempty('a'; 1 / 0)", r#""a""#),
            ("ifempty(''; null; 0; 1 / 0)", "0"),
            ("ifempty(null; '')", r#""""#),
            ("switch(1; '1'; 'one'; 2; 1 / 0)", r#""one""#),
            ("switch(2; 1; 1 / 0; 2; 'two')", r#""two""#),
            ("switch(null; ''; 'empty')", r#""empty""#),
            ("switch('b'; 'a'; 1; 'else')", r#""else""#),
        ],
    );
}

#[test]
fn get_follows_paths() {
    expressions(
        r#"{"o": {"a": {"b": [{"c": 1}, {"c": 2}]}, "x y": 3}, "l": ["p", "q"]}"#,
        &[
            ("get(o; 'a.b.2.c')", "2"),
            ("get(o; 'a.b[].c')", "1"),
            ("get(o; 'a.b[-1].c')", "2"),
            ("get(o; 'x y')", "3"),
            ("get(o; '`x y`')", "3"),
            ("get(l; 2)", r#""q""#),
            ("get(l; '2')", r#""q""#),
            ("get(l; 3)", MISSING),
            ("get(missing; 'a')", MISSING),
            ("get(o; missing)", MISSING),
        ],
    );
}

#[test]
fn arrays_are_changed_and_chosen_from() {
    let context = r#"{"a": [3, 1, 2], "mixed": [1, "1", "a", "A"], "none": null, "o": {"k": 1, "l": 2},
        "people": [{"n": "B", "t": [{"v": 1}]}, {"n": "a", "t": [{"v": 2}]}, {"t": []}]}"#;
    expressions(
        context,
        &[
            ("add(none; 1)", "[1]"),
            ("add('x'; 1)", "error: `add`: argument 1 (array) must be an array, but is a text"),
            ("distinct(mixed)", r#"[1,"a","A"]"#),
            ("remove(a; 1; 3)", "[2]"),
            ("contains(mixed; 'A'; true)", "true"),
            ("contains(a; '3')", "true"),
            ("contains(none; 1)", "false"),
            ("first(none)", "null"),
            ("last(emptyarray)", "null"),
            ("first('x')", r#""x""#),
            ("flatten([[1, [2]], 3])", "[1,[2],3]"),
            ("join(none)", r#""""#),
            ("join([1, null, 'x']; '-')", r#""1--x""#),
            ("keys(a)", r#"["0","1","2"]"#),
            ("keys(none)", "[]"),
            ("length(o)", "2"),
            ("length('😀')", "2"),
            ("map(people; 'n')", r#"["B","a",null]"#),
            ("map(people; 't[].v')", "[1,2,null]"),
            ("map(people; 't.1.v'; 'n'; 'a')", "[2]"),
            ("map(people; 'n'; 'n'; missing)", "[null]"),
            ("map(people; 'n'; 'n')", r#"["B","a",null]"#),
            ("merge(a; 'x'; [4]; none)", "[3,1,2,4]"),
            ("slice(a; -2)", "[1,2]"),
            ("slice(a; 1; 2)", "[1]"),
            ("slice(a; 2; 1)", "[]"),
            ("sort(a; 'desc')", "[3,2,1]"),
            ("map(sort(people; 'n'); 'n')", r#"["B","a",null]"#),
            ("map(sort(people; 'asc ci'; 'n'); 'n')", r#"["a","B",null]"#),
            ("map(sort(people; 'desc'; 'n'); 'n')", r#"["a","B",null]"#),
            ("sort(['10', '9'])", r#"["10","9"]"#),
            ("toArray(o)", r#"[{"key":"k","value":1},{"key":"l","value":2}]"#),
            ("toArray(none)", "[]"),
            ("toCollection([{k: 'a', v: 1}, {k: 'a', v: 2}]; 'k'; 'v')", r#"{"a":2}"#),
            ("arrayDiff([1, {a: 1, b: 2}]; [{b: 2, a: 1}])", "[1]"),
            ("omit(o; 'k')", r#"{"l":2}"#),
            ("omit(o; ['k', 'l'])", "{}"),
            ("omit(none; 'k')", "{}"),
            ("pick(o; 'l'; 'k')", r#"{"l":2,"k":1}"#),
            ("isArray(a) & !isArray(o)", "true"),
            ("pop(a) + shift(a)", "5"),
        ],
    );
}

#[test]
fn json_is_written_and_read() {
    let context = r#"{"o": {"z": 1.0, "a": "\u00e9\n", "d": {"$date": "2024-01-01T00:00:00Z"}, "u": {"$undefined": true}}, "t": "{\"a\":[1,{\"b\":null}]}"}"#;
    expressions(
        context,
        &[
            ("createJSON(o)", r#""{\"z\":1.0,\"a\":\"é\\n\",\"d\":\"2024-01-01T00:00:00.000Z\"}""#),
            ("createJSON('a\"b')", r#""\"a\\\"b\"""#),
            ("parseJSON(t).a[2]", r#"{"b":null}"#),
            ("parseJSON(missing)", MISSING),
        ],
    );
}

#[test]
fn trees_drop_what_is_missing_and_spread_collections() {
    let context = r#"{"o": {"a": 1, "b": null}, "n": null}"#;
    let expectations = [
        (r#"{"a": "{{missing}}", "b": "{{null}}", "c": ""}"#, r#"{"b":null,"c":""}"#),
        (r#"["{{missing}}", 1, null]"#, "[null,1,null]"),
        (r#"{"{{...}}": "{{o}}", "a": 2}"#, r#"{"a":2,"b":null}"#),
        (r#"{"a": 2, "{{...}}": "{{o}}"}"#, r#"{"a":1,"b":null}"#),
        (r#"{"{{...}}": "{{o}}", "a": "{{undefined}}"}"#, r#"{"b":null}"#),
        (r#"{"{{...}}": "{{n}}", "x": 1}"#, r#"{"x":1}"#),
        (r#"{"{{...}}": {"p": "{{o.a}}"}, "x": {"{{...}}": "{{o}}"}}"#, r#"{"p":1,"x":{"a":1,"b":null}}"#),
        (r#"{"a": 1, "a": 2}"#, r#"{"a":2}"#),
        (r#"{"{{o.a}}": 1}"#, r#"{"{{o.a}}":1}"#),
        ("true", "true"),
        (r#""{{o.a}}""#, "1"),
    ];
    for (template, expected) in expectations {
        assert_eq!(tree(context, template), expected, "{template}");
    }
}

#[test]
fn a_template_knows_what_it_reads() {
    let (template, _) = Template::compile("{{if(a.b; `c d`[e]; now)}} {{first(1.f)}}", &NoCustom).unwrap();
    for name in ["a", "c d", "e", "1"] {
        assert!(template.reads(name), "{name}");
    }
    for name in ["b", "now", "f", "if", "first"] {
        assert!(!template.reads(name), "{name}");
    }
    assert!(!template.constant());
    assert!(Template::compile("no { braces }", &NoCustom).unwrap().0.constant());
}

#[test]
fn a_bare_path_is_read_as_one() {
    let document = json::Document::parse(r#"["body.items", "{{body.items}}", "`a b`.c[1]"]"#).unwrap();
    for node in document.root().elements().take(2) {
        let (template, _) = Template::compile_path(node, &NoCustom).unwrap();
        assert_eq!(evaluated(r#"{"body": {"items": [1]}}"#, &template), "[1]");
    }
    let last = document.root().elements().last().unwrap();
    let (template, _) = Template::compile_path(last, &NoCustom).unwrap();
    assert_eq!(evaluated(r#"{"a b": {"c": [2]}}"#, &template), "2");
}
