//! Users' own rules: expressions over numbers and columns, and commands that documents are piped through.

use std::path::Path;

use serde_json::{Value, json};
use support::{Ran, Sandbox, tokenmill_in};
use tempfile::TempDir;

/// An awk program that answers every line; `rule` may set `rest`, which is the answer without its id.
fn awk(rule: &str) -> String {
    let keep = r#"rest = "\"keep\":true";"#;
    let print = r#"printf "{\"id\":\"%s\",%s}\n", substr($0, 8, 32), rest"#;
    command(&["awk", &format!("{{ {keep} {rule}; {print} }}")])
}

/// A command as the recipe writes it.
fn command(words: &[&str]) -> String {
    format!("command = {}", json!(words))
}

/// A folder with `n` documents, every other one French, and a recipe with these steps.
fn folder(n: usize, steps: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let line = |at: usize| {
        let text = format!("Document number {at}\nhas \"quotes\", a \\ and an é. {}", "More. ".repeat(at % 50));
        let lang = if at.is_multiple_of(2) { "en" } else { "fr" };
        json!({"id": format!("d{at}"), "lang": lang, "text": text, "stars": at % 5}).to_string() + "\n"
    };
    std::fs::write(folder.path().join("in.jsonl"), (0..n).map(line).collect::<String>()).unwrap();
    write_recipe(folder.path(), steps);
    folder
}

fn write_recipe(folder: &Path, steps: &str) {
    let recipe = "[run]\nname = \"r\"\n[source]\nkind = \"jsonl\"\npaths = [\"in.jsonl\"]\n";
    std::fs::write(folder.join("r.toml"), format!("{recipe}{steps}\n")).unwrap();
}

fn pipe(rest: &str) -> String {
    format!("[[step]]\nuse = \"step.pipe\"\n{rest}\n")
}

fn run(folder: &Path) -> Ran {
    tokenmill_in(folder, &["run", "r.toml"])
}

/// The lines that `tokenmill apply` writes.
fn applied(folder: &Path, arguments: &[&str]) -> Vec<Value> {
    let said = tokenmill_in(folder, &[&["apply", "in.jsonl", "-o", "-"], arguments].concat()).ok();
    said.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn an_expression_sees_numbers_and_columns() {
    let folder = folder(200, "");
    let keep =
        "filter.expr.keep=filter.length.n_words > 20 and lang == 'en' or extra.stars in [3, 4] and not missing(lang)";
    let score = "filter.expr.score=filter.length.n_words / 10 + extra.stars";
    let steps = ["--use", "filter.length,filter.expr", "--set", keep, "--set", score];
    let lines = applied(folder.path(), &[&steps[..], &["--set", "filter.length.min_chars=off"]].concat());
    assert_eq!(lines.len(), 200);
    let mut n_kept = 0;
    for (at, line) in lines.iter().enumerate() {
        let (n_words, stars) = (10 + at % 50, at % 5);
        let holds = n_words > 20 && at % 2 == 0 || stars >= 3;
        let said = &line["steps"]["filter.expr"]["metrics"];
        assert_eq!(
            (line["kept"].as_bool(), said["holds"].as_f64()),
            (Some(holds), Some(f64::from(u8::from(holds)))),
            "{line}"
        );
        let score = n_words as f64 / 10.0 + stars as f64;
        assert!((said["score"].as_f64().unwrap() - score).abs() < 1e-6, "{line}");
        n_kept += usize::from(holds);
    }
    assert!((20..180).contains(&n_kept));
}

#[test]
fn a_recipe_is_checked_before_anything_runs() {
    let length = "[[step]]\nuse = \"filter.length\"\n";
    let keep = |keep: &str| format!("[[step]]\nuse = \"filter.expr\"\nname = \"mine\"\nkeep = \"{keep}\"\n");
    let folder = folder(1, "");
    let checked = |steps: String, expected: &[&str]| {
        write_recipe(folder.path(), &steps);
        for verb in ["check", "plan", "run"] {
            let said = tokenmill_in(folder.path(), &[verb, "r.toml"]).code(2).stderr;
            expected.iter().for_each(|part| assert!(said.contains(part), "{verb}: {part} in\n{said}"));
        }
    };
    checked(
        length.to_owned() + &keep("filter.length.n_wrods > 3"),
        &[
            "step `mine`",
            "\n  keep = filter.length.n_wrods > 3\n         ^^^^^^^^^^^^^^^^^^^^^\n",
            "did you mean `filter.length.n_words`?",
        ],
    );
    checked(keep("lang = 'en'"), &["\n  keep = lang = 'en'\n              ^\n", "hint: equality is written `==`"]);
    checked(keep("lang > 3"), &["\n                ^\n", "a number stands where a text is needed"]);
    let checkpoint = "[[step]]\ncheckpoint = true\n";
    checked(length.to_owned() + checkpoint + &keep("filter.length.n_words > 3"), &["earlier phase", "measure again"]);
    let piped = length.to_owned() + &pipe(&awk("")) + &keep("filter.length.n_words > 3");
    checked(piped, &["earlier phase", "phase of `filter.length`"]);
    checked(pipe(&awk("")) + &keep("step.pipe.red > 3"), &["nothing here is called `step.pipe.red`"]);
    checked(pipe(""), &["`command` is empty"]);
    checked(pipe(&(awk("") + "\nfiles = [\"./none.py\"]")), &["none.py"]);
    let fine = pipe(&(awk("") + "\nnumbers = [\"red\"]")) + &keep("step.pipe.red > 3");
    write_recipe(folder.path(), &fine);
    tokenmill_in(folder.path(), &["check", "r.toml"]).ok();
}

#[test]
fn a_command_keeps_removes_measures_and_edits() {
    let folder = folder(300, "");
    let rule = r#"
        if ($0 ~ /number [0-9]*7\\n/) rest = "\"keep\":false,\"reason\":\"seven\""
        if ($0 ~ /number [0-9]*8\\n/) rest = "\"keep\":false"
        if ($0 ~ /number [0-9]*9\\n/) rest = "\"keep\":true,\"text\":\"Nine \\u00e9.\""
        if ($0 ~ /number [0-9]*5\\n/) rest = "\"keep\":true,\"text\":\" \\n\""
        if ($0 !~ /"stars":[0-4]/) rest = "\"keep\":false,\"reason\":\"no_extra\""
    "#;
    let command = awk(rule).replacen("command = ", "command=", 1);
    let lines = applied(folder.path(), &["--use", "step.pipe", "--set", &command, "--set", "may_edit=true"]);
    assert_eq!(lines.len(), 300);
    for (at, line) in lines.iter().enumerate() {
        assert_eq!(line["id"], format!("d{at}"));
        let reason = line["reason"].as_str().unwrap_or_default();
        let expected = match at % 10 {
            7 => "seven",
            8 => "removed_by_command",
            5 => "emptied",
            _ => "",
        };
        assert_eq!((reason, line["kept"].as_bool()), (expected, Some(expected.is_empty())), "{line}");
        assert_eq!(line["text"].as_str(), (at % 10 == 9).then_some("Nine é."), "{line}");
    }
}

/// The folders of the phases that a recipe comes to.
fn phases(folder: &Path, recipe: &str) -> Vec<String> {
    let plan = tokenmill_in(folder, &["plan", recipe]).ok();
    plan.lines().filter_map(|line| line.split("folder ").nth(1)).map(str::to_owned).collect()
}

#[test]
fn a_command_sees_what_its_conditions_let_through() {
    let none = awk(r#"rest = "\"keep\":false""#);
    let twice = pipe("name = \"again\"\nwhen = { lang = [\"en\"] }\n") + &awk("") + "\n";
    let steps =
        "[[step]]\nuse = \"dedup.exact\"\n".to_owned() + &pipe(&(none + "\nwhen = { lang = [\"fr\"] }")) + &twice;
    let folder = folder(90, &steps);
    run(folder.path()).ok();
    let funnel = tokenmill_in(folder.path(), &["inspect", "funnel", "runs/r"]).ok();
    assert!(funnel.contains("step.pipe") && funnel.contains("removed_by_command"), "{funnel}");
    let said = tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
    let flow = |phase: &str| said.lines().find(|line| line.contains(phase)).unwrap_or_default();
    assert!(flow("pipe-step.pipe").ends_with(": 90 documents in, 45 out"), "{said}");
    assert!(flow("pipe-again").ends_with(": 45 documents in, 45 out"), "{said}");
    // The recipe written out with all defaults is the same one.
    assert_eq!(phases(folder.path(), "r.toml"), phases(folder.path(), "runs/r/config.resolved.toml"));
}

/// Every way in which a command can go wrong fails the task and says why; nothing is committed of it.
#[test]
fn a_command_that_goes_wrong_fails_the_task() {
    let ids = r#"printf "{\"id\":\"%s\",\"keep\":true}\n", substr($0, 8, 32)"#;
    let end = |code: &str| awk("").replace("{ rest", &format!("END {{ {code} }} {{ rest"));
    let folder = folder(60, "");
    for (rest, expected) in [
        (
            command(&["sh", "-c", "echo the reason >&2; exit 7"]),
            &["ended too early (exit status: 7)", "the reason"][..],
        ),
        (command(&["true"]), &["ended too early (exit status: 0)", "nothing to standard error"]),
        (command(&["sh", "-c", "cat > /dev/null"]), &["ended too early"]),
        (command(&["awk", &format!("NR <= 3 {{ {ids} }}")]), &["ended too early"]),
        (command(&["awk", &format!("{{ {ids} }} NR == 3 {{ exit 1 }}")]), &["ended too early (exit status: 1)"]),
        (command(&["sh", "-c", "kill -9 $$"]), &["ended too early (signal: 9"]),
        (end("exit 4"), &["answered everything and then failed (exit status: 4)"]),
        (end("print 1"), &["more lines than it was given", "standard error"]),
        (command(&["awk", &format!("{{ {ids}; {ids} }}")]), &["is about", "one for each"]),
        (
            command(&["awk", &format!("BEGIN {{ print \"Loading\" }} {{ {ids} }}")]),
            &["its answer `Loading` is no JSON object"],
        ),
        (command(&["cat"]), &["unknown field `url`"]),
        (awk(r#"rest = "\"keep\":true,\"text\":\"x\"""#), &["needs `may_edit = true`"]),
        (awk(r#"rest = "\"keep\":true,\"numbers\":{\"a\":1}""#), &["`numbers` does not name"]),
        (awk(r#"rest = "\"keep\":false,\"reason\":\"R" NR "\"""#), &["snake_case"]),
        (
            awk(r#"s = "x"; while (length(s) < 200000) s = s s; rest = "\"keep\":true" s"#),
            &["has answered more than", "max_output_ratio"],
        ),
        (command(&["yes"]), &["`y` is no JSON object"]),
        (command(&["cat", "/dev/zero"]), &["has answered more than"]),
        // What it has started ends with it, or this test would not.
        (command(&["sh", "-c", "sleep 1000 & echo hello"]), &["`hello` is no JSON object"]),
        (command(&["sh", "-c", "sleep 1000 & exit 7"]), &["ended too early (exit status: 7)"]),
        // A command that says no more and does not end either is not waited for.
        (command(&["sh", "-c", "exec >&-; sleep 1000"]), &["ended too early (signal: 9"]),
        (command(&["./no-such-program"]), &["cannot start `./no-such-program`", "PATH"]),
    ] {
        write_recipe(folder.path(), &pipe(&rest));
        let said = run(folder.path()).code(65).stderr;
        expected.iter().for_each(|part| assert!(said.contains(part), "{rest}: {part} in\n{said}"));
        assert!(said.contains("hint: "), "{said}");
        let status = tokenmill_in(folder.path(), &["status", "runs/r"]).stdout;
        assert!(status.contains("still has to read: in.jsonl"), "{status}");
    }
    // The same run, once the command is right, even if it leaves something behind.
    let right = awk("").replacen("[", "[\"sh\", \"-c\", \"sleep 1000 & exec \\\"$@\\\"\", \"sh\", ", 1);
    write_recipe(folder.path(), &pipe(&right));
    run(folder.path()).ok();
    tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
}

#[test]
fn commands_may_buffer_as_they_like() {
    let folder = folder(20_000, "");
    let ids = r#"printf "{\"id\":\"%s\",\"keep\":true}\n", substr($0, 8, 32)"#;
    for words in [
        // Answers only when it has read everything.
        vec![
            "awk".to_owned(),
            format!("{{ line[NR] = $0 }} END {{ for (at = 1; at <= NR; at++) {{ $0 = line[at]; {ids} }} }}"),
        ],
        // Answers every line at once.
        vec!["awk".to_owned(), format!("{{ {ids}; fflush() }}")],
        // Complains a lot: some megabytes.
        vec!["awk".to_owned(), format!("{{ {ids}; print $0 > \"/dev/stderr\" }}")],
    ] {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        write_recipe(folder.path(), &pipe(&command(&words)));
        run(folder.path()).ok();
        let said = tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
        assert_eq!(said.matches("000 documents in").count(), 3, "{said}");
        assert_eq!(said.matches("000 out").count(), 3, "{said}");
    }
}

#[test]
fn an_edited_script_is_run_again_and_nothing_before_it() {
    let rest = "command = [\"awk\", \"-f\", \"rule.awk\"]\nfiles = [\"rule.awk\"]";
    let folder = folder(50, &("[[step]]\nuse = \"filter.length\"\nmin_chars = 10\n".to_owned() + &pipe(rest)));
    let script = |keep: &str| {
        let print = format!("{{ printf \"{{\\\"id\\\":\\\"%s\\\",\\\"keep\\\":{keep}}}\\n\", substr($0, 8, 32) }}\n");
        std::fs::write(folder.path().join("rule.awk"), print).unwrap();
    };
    script("true");
    let before = phases(folder.path(), "r.toml");
    run(folder.path()).ok();
    script("false");
    let after = phases(folder.path(), "r.toml");
    let changed: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before != after).collect();
    assert_eq!(changed, [false, true, true], "{before:?} {after:?}");
    let said = run(folder.path()).ok();
    assert!(said.contains("2 of 3 tasks were done now"), "the first phase is done already:\n{said}");
    let said = tokenmill_in(folder.path(), &["audit", "runs/r"]).ok();
    assert!(said.contains("50 documents in, 0 out"), "{said}");
    // A script that nobody named is pointed out.
    write_recipe(folder.path(), &pipe("command = [\"awk\", \"-f\", \"rule.awk\"]"));
    let plan = tokenmill_in(folder.path(), &["plan", "r.toml"]).ok();
    assert!(plan.contains("`rule.awk` is a file and not in `files`"), "{plan}");
}

#[test]
fn own_rules_on_a_crawl_add_up() {
    let sandbox = Sandbox::of("own_rules.toml");
    sandbox.run(&["--threads", "4"]);
    sandbox.tokenmill(&["audit", "runs/mini"]).ok();
    let funnel = sandbox.tokenmill(&["inspect", "funnel", "runs/mini"]).ok();
    for reason in ["expression_false", "low_id", "removed_by_command"] {
        assert!(funnel.contains(reason), "{reason} in\n{funnel}");
    }
}
