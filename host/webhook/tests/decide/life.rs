//! The life of one webhook: the order of the steps and who gets what.

use super::harness::check;

#[test]
fn the_steps_of_a_dedicated_webhook() {
    check(&[
        ("an empty spec delivers the body", "{}", r#"{"a": 1.0}"#, r#"default => h1={"a":1.0}"#),
        (
            "output shapes it",
            r#"{"output": {"b": "{{body.a}}", "c": "{{parameters.n}}"}}"#,
            r#"{"a": 5}"#,
            r#"default => h1={"b":5,"c":1}"#,
        ),
        (
            "iterate makes items, body stays visible",
            r#"{"iterate": "{{body.l}}", "output": "{{item.i}}{{body.x}}"}"#,
            r#"{"l": [{"i": 1}, {"i": 2}], "x": "y"}"#,
            r#"default => h1="1y" h1="2y""#,
        ),
        (
            "iterate.condition leaves items out",
            r#"{"iterate": {"container": "{{body}}", "condition": "{{item != 2}}"}}"#,
            "[1, 2, 3]",
            "default => h1=1 h1=3",
        ),
        (
            "a false condition ends everything but respond",
            r#"{"condition": "{{body.ok}}", "output": "{{1 / 0}}", "respond": {"body": {"ok": true}}}"#,
            r#"{"ok": false}"#,
            r#"200 {content-type=application/json} {"ok":true} declined => nothing"#,
        ),
        (
            "a dedicated hook's parameters are visible in verification",
            r#"{"verification": {"condition": "{{query.t = parameters.secret}}", "respond": {"type": "text", "body": "{{parameters.n}}"}}}"#,
            "GET /h/x?t=s1 HTTP/1.1\n\n",
            "200 {content-type=text/plain; charset=utf-8} 1 verification => nothing",
        ),
        (
            "and in respond",
            r#"{"respond": {"type": "text", "body": "{{data.secret}}"}}"#,
            "1",
            "200 {content-type=text/plain; charset=utf-8} s1 => h1=1",
        ),
        (
            "its condition is asked once, with its parameters",
            r#"{"condition": "{{body.k = parameters.n}}", "iterate": "body.l"}"#,
            r#"{"k": 1, "l": [1, 2]}"#,
            "default => h1=1 h1=2",
        ),
    ]);
}

#[test]
fn the_steps_of_a_shared_webhook() {
    check(&[
        (
            "every hook with the uid receives",
            r#"{"uid": "{{body.t}}"}"#,
            r#"{"t": "T1"}"#,
            r#"default => T1:h1={"t":"T1"} T1:h2={"t":"T1"}"#,
        ),
        ("a number and a text are the same uid", r#"{"uid": "{{body.t}}", "output": 0}"#, r#"{"t": 7}"#, "default => 7:h3=0"),
        ("and so the other way round", r#"{"uid": "{{body.t}}", "output": 0}"#, r#"{"t": "7"}"#, "default => 7:h3=0"),
        ("uids are not trimmed", r#"{"uid": "{{body.t}}", "output": 0}"#, r#"{"t": "7 "}"#, "default => 7 :unmatched"),
        ("nor is their case folded", r#"{"uid": "{{body.t}}"}"#, r#"{"t": "t1"}"#, "default => t1:unmatched"),
        ("null never matches", r#"{"uid": "{{body.t}}"}"#, r#"{"t": null}"#, "default => unmatched"),
        ("nothing never matches", r#"{"uid": "{{body.t}}"}"#, "{}", "default => unmatched"),
        ("an empty text never matches", r#"{"uid": "{{body.t}}"}"#, r#"{"t": ""}"#, "default => unmatched"),
        ("an array never matches", r#"{"uid": "{{body.t}}"}"#, r#"{"t": ["T1"]}"#, "default => unmatched"),
        (
            "uid is asked for each item",
            r#"{"iterate": "body", "uid": "{{item.t}}", "output": "{{item.v}}"}"#,
            r#"[{"t": 7, "v": 1}, {"t": "x", "v": 2}]"#,
            "default => 7:h3=1 x:unmatched",
        ),
        (
            "an item may be the uid itself",
            r#"{"iterate": "{{body.accounts}}", "uid": "{{item}}"}"#,
            r#"{"accounts": ["7"]}"#,
            r#"default => 7:h3="7""#,
        ),
        (
            "output that reads parameters is each recipient's own",
            r#"{"uid": "T1", "output": "{{parameters.n}}"}"#,
            "0",
            "default => T1:h1=1 T1:h2=2",
        ),
        ("and under the name data", r#"{"uid": "T1", "output": {"n": "{{data.n}}"}}"#, "0", r#"default => T1:h1={"n":1} T1:h2={"n":2}"#),
        (
            "a condition that reads parameters is asked for each recipient",
            r#"{"uid": "T1", "condition": "{{parameters.n = 2}}"}"#,
            "0",
            "default => T1:h2=0",
        ),
        (
            "with its item in scope",
            r#"{"iterate": "body", "uid": "T1", "condition": "{{parameters.n = item}}"}"#,
            "[1, 2]",
            "default => T1:h1=1 T1:h2=2",
        ),
        (
            "parameters are empty before a recipient is known",
            r#"{"uid": "T1", "output": 0, "respond": {"type": "text", "body": "-{{parameters.n}}-"}}"#,
            "0",
            "200 {content-type=text/plain; charset=utf-8} -- => T1:h1=0 T1:h2=0",
        ),
        ("a false condition costs no uid", r#"{"condition": false, "uid": "{{1 / 0}}"}"#, "0", "default declined => nothing"),
    ]);
}

#[test]
fn what_fails_and_how() {
    check(&[
        ("verification", r#"{"verification": {"condition": "{{1 / 0}}"}}"#, "0", "500 division by zero"),
        ("condition", r#"{"condition": "{{1 / 0}}"}"#, "0", "500 division by zero"),
        ("every recipient's condition", r#"{"uid": "T1", "condition": "{{1 / (parameters.n * 0)}}"}"#, "0", "500 division by zero"),
        (
            "one recipient's condition: it did not hold for that one",
            r#"{"uid": "T1", "condition": {"condition": "{{1 / (parameters.n - 2)}}", "default": "no"}, "output": 1}"#,
            "0",
            r#"default warned of h2: division by zero => T1:h1=1 T1:h2="no""#,
        ),
        (
            "one failed and it held for nobody",
            r#"{"uid": "T1", "condition": "{{parameters.n = 2 && 1 / (parameters.n - 2)}}"}"#,
            "0",
            "500 division by zero",
        ),
        ("respond", r#"{"respond": {"status": "{{1 / 0}}"}}"#, "0", "500 division by zero"),
        (
            "output: a normal reply, a failed event",
            "{\n  \"output\": \"{{1 / 0}}\"\n}",
            "0",
            "default failed in line 2: division by zero => nothing",
        ),
        ("uid", r#"{"uid": "{{1 / 0}}"}"#, "0", "default failed in line 1: division by zero => nothing"),
        ("iterate", r#"{"iterate": "{{1 / 0}}"}"#, "0", "default failed in line 1: division by zero => nothing"),
        ("dedupe", r#"{"dedupe": "{{1 / 0}}"}"#, "0", "default failed in line 1: division by zero => nothing"),
        (
            "one failing recipient keeps back all, so that a replay delivers each bundle once",
            r#"{"uid": "T1", "output": "{{1 / (parameters.n - 2)}}"}"#,
            "0",
            "default failed in line 1: division by zero => nothing",
        ),
        (
            "what a condition of the recipients has let in for nobody leaves nothing behind: iterate",
            r#"{"iterate": "body", "uid": "T1", "condition": "{{parameters.n}}", "respond": {"status": "{{if(accepted, 200, 401)}}"}}"#,
            "5",
            "401 {} declined warned of `iterate` must give an array, and gave number => nothing",
        ),
        ("uid", r#"{"uid": "{{1 / 0}}", "condition": "{{parameters.n}}"}"#, "0", "default declined warned of division by zero => nothing"),
        (
            "default",
            r#"{"condition": {"condition": false, "default": "{{1 / 0}}"}}"#,
            "0",
            "default declined warned of division by zero => nothing",
        ),
        ("output that nobody gets is not evaluated", r#"{"uid": "nobody", "output": "{{1 / 0}}"}"#, "0", "default => nobody:unmatched"),
    ]);
}
