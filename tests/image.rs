//! The recipe of the image names what is there.

use support::root;

/// The instructions of one kind, without what follows an option.
fn instructions(recipe: &str, name: &str) -> Vec<String> {
    let lines = recipe.lines().filter_map(|line| line.strip_prefix(&format!("{name} ")));
    lines.map(|line| line.trim().to_owned()).collect()
}

#[test]
fn the_image_is_built_with_our_toolchain_from_files_that_exist() {
    let recipe = std::fs::read_to_string(root().join("Containerfile")).unwrap();
    let toolchain = std::fs::read_to_string(root().join("rust-toolchain.toml")).unwrap();
    let channel = toolchain.lines().find_map(|line| line.strip_prefix("channel = ")).unwrap().trim_matches('"');
    let stages = instructions(&recipe, "FROM");
    assert!(stages.iter().any(|stage| stage.contains(&format!("/rust:{channel}-"))), "{channel} is not in {stages:?}");
    let copied = instructions(&recipe, "COPY");
    let ours: Vec<&str> = copied.iter().filter(|copy| !copy.starts_with("--from")).map(String::as_str).collect();
    assert!(ours.len() >= 3, "{ours:?}");
    for copy in ours {
        let from = copy.split(' ').next().unwrap();
        assert!(root().join(from).exists(), "`{from}` is copied and does not exist");
    }
}

#[test]
fn containers_run_the_program_and_are_not_root() {
    let recipe = std::fs::read_to_string(root().join("Containerfile")).unwrap();
    assert_eq!(instructions(&recipe, "ENTRYPOINT"), ["[\"tokenmill\"]"]);
    let users = instructions(&recipe, "USER");
    assert_eq!(users.last().map(String::as_str), Some("65532:65532"), "{users:?}");
}

#[test]
fn what_is_put_into_the_image_ahead_of_time_is_an_asset() {
    let recipe = std::fs::read_to_string(root().join("Containerfile")).unwrap();
    let assets =
        instructions(&recipe, "ARG").into_iter().find_map(|arg| arg.strip_prefix("ASSETS=").map(str::to_owned));
    let known = std::fs::read_to_string(root().join("assets.toml")).unwrap();
    for name in assets.unwrap().trim_matches('"').split_whitespace() {
        assert!(known.contains(&format!("name = \"{name}\"")), "{name}");
    }
}
