//! The entries of the functions over arrays.

use super::super::{Arity, Call, Example, Family, Function};
use super::{change, read, select};

const fn entry(
    name: &'static str,
    signature: &'static str,
    summary: &'static str,
    arity: Arity,
    call: super::Eager,
    examples: &'static [Example],
) -> Function {
    Function {
        name,
        family: Family::Array,
        signature,
        summary,
        examples,
        arity,
        call: Call::Eager(call),
    }
}

const CONTACTS: &str =
    r#"{"contacts": [{"name": "Bob", "kind": "work"}, {"name": "Tim", "kind": "home"}]}"#;

pub(in crate::functions) static FUNCTIONS: &[Function] = &[
    entry(
        "add",
        "add(array; [value]; […])",
        "Gives the array with these values at its end.",
        Arity::at_least(1),
        change::add,
        &[Example::new("add(emptyarray; 6; 18)", "[6,18]")],
    ),
    entry(
        "arrayDiff",
        "arrayDiff(one; other)",
        "Gives the elements of the first array that the second does not have.",
        Arity::exactly(2),
        select::difference,
        &[Example::new("arrayDiff([1, 2, 3]; [2])", "[1,3]")],
    ),
    entry(
        "arrayDifference",
        "arrayDifference(one; other; [mode])",
        "Gives what only the first array has (`classic`), or what only one of the two has (`symmetric`). Workfront Fusion's; Make has `arrayDiff`.",
        Arity::between(2, 3),
        select::difference_by_mode,
        &[Example::new(
            r#"arrayDifference([1, 2]; [2, 3]; "symmetric")"#,
            "[1,3]",
        )],
    ),
    entry(
        "arrayIntersect",
        "arrayIntersect(one; other)",
        "Gives the elements that both arrays have.",
        Arity::exactly(2),
        select::intersection,
        &[Example::new("arrayIntersect([1, 2, 3]; [3, 2])", "[2,3]")],
    ),
    entry(
        "contains",
        "contains(value; search; [ignoreCase])",
        "Tells whether an array has an element, or a text a part.",
        Arity::between(2, 3),
        read::contains,
        &[
            Example::new(r#"contains("Hello World"; "hello"; true)"#, "true"),
            Example::new("contains([1, 2]; 3)", "false"),
        ],
    ),
    entry(
        "deduplicate",
        "deduplicate(array)",
        "Gives each element once, where it first stood.",
        Arity::exactly(1),
        select::distinct,
        &[Example::new("deduplicate([1, 2, 2, 1])", "[1,2]")],
    ),
    entry(
        "distinct",
        "distinct(array; [key])",
        "Gives each element once; with a key (a path with dots) those count as the same whose value there is the same.",
        Arity::between(1, 2),
        select::distinct,
        &[Example::with(
            r#"{"a": [{"n": "A", "id": 1}, {"n": "A", "id": 2}]}"#,
            r#"distinct(a; "n")"#,
            r#"[{"n":"A","id":1}]"#,
        )],
    ),
    entry(
        "first",
        "first(array)",
        "Gives the first element; of an empty array null.",
        Arity::exactly(1),
        read::first,
        &[Example::new(r#"first(["a", "b"])"#, r#""a""#)],
    ),
    entry(
        "flatten",
        "flatten(array; [depth])",
        "Puts the elements of nested arrays in the place of those arrays, one level deep or as deep as said.",
        Arity::between(1, 2),
        change::flatten,
        &[
            Example::new("flatten([1, [2, [3]]])", "[1,2,[3]]"),
            Example::new("flatten([1, [2, [3]]]; 2)", "[1,2,3]"),
        ],
    ),
    entry(
        "isArray",
        "isArray(value)",
        "Tells whether a value is an array.",
        Arity::exactly(1),
        read::is_array,
        &[Example::new("isArray(emptyarray)", "true")],
    ),
    entry(
        "join",
        "join(array; [separator])",
        "Joins the texts of the elements, with `,` or the separator between them.",
        Arity::between(1, 2),
        read::join,
        &[Example::new(r#"join(["a", "b"]; "-")"#, r#""a-b""#)],
    ),
    entry(
        "keys",
        "keys(value)",
        "Gives the names in a collection; of an array the positions counted from 0, as texts.",
        Arity::exactly(1),
        read::keys,
        &[Example::with(
            r#"{"o": {"a": 1, "b": 2}}"#,
            "keys(o)",
            r#"["a","b"]"#,
        )],
    ),
    entry(
        "last",
        "last(array)",
        "Gives the last element; of an empty array null.",
        Arity::exactly(1),
        read::last,
        &[Example::new(r#"last(["a", "b"])"#, r#""b""#)],
    ),
    entry(
        "length",
        "length(value)",
        "Counts the elements of an array, the characters of a text (UTF-16 units), the bytes of binary data, the members of a collection; nothing has 0.",
        Arity::exactly(1),
        read::length,
        &[
            Example::new(r#"length("hello")"#, "5"),
            Example::new("length(null)", "0"),
        ],
    ),
    entry(
        "map",
        "map(array; key; [filterKey]; [values])",
        "Gives what each element has at a key (a path with dots); with a filter only of those elements whose text at filterKey is one of the comma-separated values.",
        Arity::between(2, 4),
        select::map,
        &[
            Example::with(CONTACTS, r#"map(contacts; "name")"#, r#"["Bob","Tim"]"#),
            Example::with(
                CONTACTS,
                r#"map(contacts; "name"; "kind"; "home,other")"#,
                r#"["Tim"]"#,
            ),
        ],
    ),
    entry(
        "merge",
        "merge(array; […])",
        "Gives one array of the elements of all; what is not an array is passed over.",
        Arity::at_least(1),
        change::merge,
        &[Example::new("merge([1, 2]; [3])", "[1,2,3]")],
    ),
    entry(
        "pop",
        "pop(array)",
        "Gives the last element.",
        Arity::exactly(1),
        read::last,
        &[Example::new("pop([1, 2])", "2")],
    ),
    entry(
        "remove",
        "remove(array; value; […])",
        "Gives the array without the elements that equal one of these values.",
        Arity::at_least(2),
        change::remove,
        &[Example::new("remove([1, 2, 3, 2]; 2; 3)", "[1]")],
    ),
    entry(
        "reverse",
        "reverse(array)",
        "Gives the elements in the opposite order.",
        Arity::exactly(1),
        change::reverse,
        &[Example::new("reverse([1, 2, 3])", "[3,2,1]")],
    ),
    entry(
        "shift",
        "shift(array)",
        "Gives the first element.",
        Arity::exactly(1),
        read::first,
        &[Example::new("shift([1, 2])", "1")],
    ),
    entry(
        "shuffle",
        "shuffle(array)",
        "Gives the elements in a random order.",
        Arity::exactly(1),
        change::shuffle,
        &[Example::new("length(shuffle([1, 2, 3]))", "3")],
    ),
    entry(
        "slice",
        "slice(array; start; [end])",
        "Gives the elements from start up to but not including end, both counted from 0, negative ones from the end.",
        Arity::between(2, 3),
        change::slice,
        &[
            Example::new("slice([1, 2, 3]; 1)", "[2,3]"),
            Example::new("slice([1, 2, 3]; 0; -1)", "[1,2]"),
        ],
    ),
    entry(
        "sort",
        "sort(array; [order]; [key])",
        "Sorts by value or by a key (a path with dots). Orders: `asc`, `desc`, `asc ci`, `desc ci` (ignoring case); any other second argument is the key.",
        Arity::between(1, 3),
        change::sort,
        &[
            Example::new("sort([10, 9, 1])", "[1,9,10]"),
            Example::with(
                CONTACTS,
                r#"first(sort(contacts; "desc"; "name")).name"#,
                r#""Tim""#,
            ),
        ],
    ),
    entry(
        "toArray",
        "toArray(collection)",
        "Gives a collection for each member, with its `key` and its `value`.",
        Arity::exactly(1),
        change::to_array,
        &[Example::with(
            r#"{"o": {"a": 1}}"#,
            "toArray(o)",
            r#"[{"key":"a","value":1}]"#,
        )],
    ),
    entry(
        "toCollection",
        "toCollection(array; keyField; valueField)",
        "Makes a collection of what each element has in the two fields; later names replace earlier ones.",
        Arity::exactly(3),
        change::to_collection,
        &[Example::with(
            r#"{"a": [{"name": "Bob", "age": 22}]}"#,
            r#"toCollection(a; "name"; "age")"#,
            r#"{"Bob":22}"#,
        )],
    ),
];
