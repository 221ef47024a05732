//! The languages that files are written in, with their extensions, file names and interpreters.
//!
//! The table is our own. Its groups follow those of GitHub Linguist (<https://github.com/github-linguist/linguist>), to
//! which the data sets of BigCode refer: programming languages are `code`; languages of documents are `markup`; what
//! holds values is `data`; what people read as it is, `prose`.

use Kind::{Code, Data, Markup, Prose};

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Programs.
    Code,
    /// Documents with much structure: pages, styles, typesetting.
    Markup,
    /// Values: configuration, tables, serialised objects.
    Data,
    /// Text with little structure.
    Prose,
}

impl Kind {
    /// The kind by its name in the column `kind`.
    pub fn name(self) -> &'static str {
        match self {
            Code => "code",
            Markup => "markup",
            Data => "data",
            Prose => "prose",
        }
    }
}

/// One language.
pub struct Language {
    /// Its name: small letters, digits and `-`.
    pub name: &'static str,
    /// What it is for.
    pub kind: Kind,
    /// Extensions without the dot, in small letters. Several languages may share one; then content decides.
    pub extensions: &'static [&'static str],
    /// Whole file names, in small letters.
    pub names: &'static [&'static str],
    /// Programs that a first line `#!` calls, without versions.
    pub interpreters: &'static [&'static str],
}

const fn by_extension(name: &'static str, kind: Kind, extensions: &'static [&'static str]) -> Language {
    Language { name, kind, extensions, names: &[], interpreters: &[] }
}

const fn all(
    name: &'static str,
    kind: Kind,
    extensions: &'static [&'static str],
    names: &'static [&'static str],
    interpreters: &'static [&'static str],
) -> Language {
    Language { name, kind, extensions, names, interpreters }
}

/// Every language, by name.
#[rustfmt::skip]
pub const LANGUAGES: &[Language] = &[
    by_extension("abap", Code, &["abap"]),
    by_extension("actionscript", Code, &["as"]),
    by_extension("ada", Code, &["adb", "ads", "ada"]),
    by_extension("agda", Code, &["agda"]),
    by_extension("alloy", Code, &["als"]),
    by_extension("antlr", Code, &["g4"]),
    by_extension("apex", Code, &["apex", "trigger"]),
    by_extension("apl", Code, &["apl", "dyalog"]),
    by_extension("applescript", Code, &["applescript", "scpt"]),
    by_extension("arduino", Code, &["ino"]),
    by_extension("asciidoc", Prose, &["adoc", "asciidoc", "asc"]),
    by_extension("asn1", Data, &["asn", "asn1"]),
    by_extension("assembly", Code, &["asm", "s", "nasm", "a51"]),
    by_extension("astro", Markup, &["astro"]),
    by_extension("autohotkey", Code, &["ahk"]),
    by_extension("autoit", Code, &["au3"]),
    all("awk", Code, &["awk", "gawk"], &[], &["awk", "gawk", "mawk", "nawk"]),
    by_extension("ballerina", Code, &["bal"]),
    by_extension("batchfile", Code, &["bat", "cmd"]),
    by_extension("bibtex", Data, &["bib"]),
    by_extension("bicep", Code, &["bicep"]),
    by_extension("bison", Code, &["y", "yy", "ypp"]),
    by_extension("bitbake", Code, &["bb", "bbappend", "bbclass"]),
    by_extension("brainfuck", Code, &["bf"]),
    by_extension("c", Code, &["c", "h", "inc"]),
    by_extension("cairo", Code, &["cairo"]),
    by_extension("capnp", Code, &["capnp"]),
    by_extension("chapel", Code, &["chpl"]),
    by_extension("clojure", Code, &["clj", "cljs", "cljc", "edn", "bb"]),
    all("cmake", Code, &["cmake"], &["cmakelists.txt"], &[]),
    by_extension("cobol", Code, &["cob", "cbl", "cobol", "cpy"]),
    all("coffeescript", Code, &["coffee", "cson", "iced"], &["cakefile"], &["coffee"]),
    by_extension("common-lisp", Code, &["lisp", "lsp", "cl", "asd"]),
    by_extension("coq", Code, &["v"]),
    by_extension("cpp", Code, &["cpp", "cc", "cxx", "c++", "hpp", "hh", "hxx", "h++", "h", "ipp", "tpp", "txx", "inl", "ixx", "cppm"]),
    all("crystal", Code, &["cr"], &[], &["crystal"]),
    by_extension("csharp", Code, &["cs", "csx"]),
    by_extension("css", Markup, &["css"]),
    by_extension("csv", Data, &["csv"]),
    by_extension("cuda", Code, &["cu", "cuh"]),
    by_extension("cue", Code, &["cue"]),
    by_extension("cython", Code, &["pyx", "pxd", "pxi"]),
    by_extension("d", Code, &["d", "di"]),
    by_extension("dafny", Code, &["dfy"]),
    by_extension("dart", Code, &["dart"]),
    by_extension("devicetree", Code, &["dts", "dtsi"]),
    by_extension("dhall", Code, &["dhall"]),
    by_extension("diff", Data, &["diff", "patch"]),
    all("dockerfile", Code, &["dockerfile", "containerfile"], &["dockerfile", "containerfile"], &[]),
    by_extension("dot", Data, &["dot", "gv"]),
    by_extension("dtd", Data, &["dtd"]),
    all("editorconfig", Data, &["editorconfig"], &[".editorconfig"], &[]),
    by_extension("eiffel", Code, &["e"]),
    by_extension("ejs", Markup, &["ejs", "ect"]),
    all("elixir", Code, &["ex", "exs"], &["mix.lock"], &["elixir"]),
    by_extension("elm", Code, &["elm"]),
    all("emacs-lisp", Code, &["el", "emacs"], &[".emacs", "cask"], &[]),
    by_extension("erb", Markup, &["erb", "rhtml"]),
    all("erlang", Code, &["erl", "hrl", "escript", "xrl", "yrl"], &["rebar.config", "emakefile"], &["escript"]),
    by_extension("factor", Code, &["factor"]),
    by_extension("fennel", Code, &["fnl"]),
    all("fish", Code, &["fish"], &[], &["fish"]),
    by_extension("fluent", Data, &["ftl"]),
    by_extension("forth", Code, &["4th", "forth", "fth", "fs", "f"]),
    by_extension("fortran", Code, &["f", "f77", "f90", "f95", "f03", "f08", "for", "ftn"]),
    by_extension("freemarker", Markup, &["ftlh"]),
    by_extension("fsharp", Code, &["fs", "fsi", "fsx"]),
    by_extension("futhark", Code, &["fut"]),
    by_extension("gap", Code, &["g", "gap"]),
    by_extension("gdscript", Code, &["gd"]),
    by_extension("gettext", Data, &["po", "pot"]),
    by_extension("gherkin", Code, &["feature"]),
    all("git-attributes", Data, &[], &[".gitattributes", ".gitmodules", ".mailmap"], &[]),
    by_extension("gleam", Code, &["gleam"]),
    by_extension("glsl", Code, &["glsl", "vert", "frag", "geom", "comp", "tesc", "tese", "vsh", "fsh", "fs"]),
    by_extension("gnuplot", Code, &["gp", "gnuplot", "plt"]),
    by_extension("go", Code, &["go"]),
    all("go-module", Data, &[], &["go.mod", "go.work", "go.sum"], &[]),
    all("gradle", Code, &["gradle"], &[], &[]),
    by_extension("graphql", Code, &["graphql", "gql", "graphqls"]),
    all("groovy", Code, &["groovy", "gvy", "nf"], &["jenkinsfile"], &["groovy", "nextflow"]),
    by_extension("hack", Code, &["hack", "hh"]),
    by_extension("haml", Markup, &["haml"]),
    by_extension("handlebars", Markup, &["hbs", "handlebars", "mustache"]),
    all("haskell", Code, &["hs", "lhs", "hsc", "cabal"], &["cabal.project"], &["runhaskell", "runghc"]),
    by_extension("haxe", Code, &["hx"]),
    by_extension("hcl", Code, &["hcl", "tf", "tfvars", "nomad"]),
    by_extension("hlsl", Code, &["hlsl", "hlsli", "fxh", "cginc"]),
    by_extension("html", Markup, &["html", "htm", "xhtml"]),
    all("http", Data, &["http", "rest"], &[], &[]),
    by_extension("idl", Code, &["pro"]),
    by_extension("idris", Code, &["idr", "lidr"]),
    all("ignore-list", Data, &[], &[".gitignore", ".dockerignore", ".npmignore", ".eslintignore", ".prettierignore", ".gcloudignore", ".helmignore", ".hgignore"], &[]),
    all("ini", Data, &["ini", "cfg", "conf", "cnf", "desktop", "service", "prefs", "properties"], &[".pylintrc", ".flake8", ".coveragerc", ".npmrc", ".gitconfig"], &[]),
    by_extension("isabelle", Code, &["thy"]),
    by_extension("j", Code, &["ijs"]),
    by_extension("janet", Code, &["janet"]),
    by_extension("java", Code, &["java", "jav"]),
    all("javascript", Code, &["js", "mjs", "cjs", "jsx", "es6", "jsm"], &["jakefile"], &["node", "nodejs", "bun"]),
    by_extension("jinja", Markup, &["j2", "jinja", "jinja2"]),
    by_extension("jq", Code, &["jq"]),
    all("json", Data, &["json", "jsonc", "json5", "geojson", "webmanifest", "topojson", "avsc", "har"], &[".babelrc", ".eslintrc", ".prettierrc", ".jshintrc", ".swcrc", "composer.lock", "pipfile.lock", "flake.lock"], &[]),
    by_extension("json-lines", Data, &["jsonl", "ndjson"]),
    by_extension("jsonnet", Code, &["jsonnet", "libsonnet"]),
    by_extension("jsp", Markup, &["jsp", "jspf", "tag"]),
    all("julia", Code, &["jl"], &[], &["julia"]),
    by_extension("jupyter", Data, &["ipynb"]),
    all("just", Code, &["just"], &["justfile", ".justfile"], &["just"]),
    by_extension("koka", Code, &["kk"]),
    by_extension("kotlin", Code, &["kt", "kts", "ktm"]),
    by_extension("latex", Markup, &["tex", "ltx", "sty", "cls", "dtx", "ins"]),
    by_extension("lean", Code, &["lean"]),
    by_extension("less", Markup, &["less"]),
    by_extension("lex", Code, &["l", "lex", "ll"]),
    by_extension("linker-script", Code, &["ld", "lds"]),
    by_extension("liquid", Markup, &["liquid"]),
    by_extension("llvm", Code, &["ll", "mlir"]),
    by_extension("logtalk", Code, &["lgt", "logtalk"]),
    all("lua", Code, &["lua", "rockspec", "luau"], &[".luacheckrc"], &["lua", "luajit", "luau"]),
    by_extension("m4", Code, &["m4", "ac"]),
    all("makefile", Code, &["mk", "mak", "make"], &["makefile", "gnumakefile", "makefile.am", "makefile.in", "kbuild"], &["make"]),
    by_extension("maple", Code, &["mpl"]),
    all("markdown", Prose, &["md", "markdown", "mkd", "mdown", "livemd", "qmd", "rmd"], &[], &[]),
    by_extension("mathematica", Code, &["wl", "wls", "nb", "mathematica", "mt", "m"]),
    by_extension("matlab", Code, &["m", "matlab"]),
    by_extension("mdx", Markup, &["mdx"]),
    by_extension("mercury", Code, &["m", "moo"]),
    all("meson", Code, &[], &["meson.build", "meson_options.txt", "meson.options"], &[]),
    by_extension("metal", Code, &["metal"]),
    by_extension("modelica", Code, &["mo"]),
    by_extension("modula-2", Code, &["mod", "def"]),
    by_extension("mojo", Code, &["mojo", "🔥"]),
    by_extension("move", Code, &["move"]),
    by_extension("nginx", Data, &["nginx", "nginxconf", "vhost"]),
    by_extension("nickel", Code, &["ncl"]),
    all("nim", Code, &["nim", "nims", "nimble"], &[], &["nim"]),
    by_extension("ninja", Data, &["ninja"]),
    by_extension("nix", Code, &["nix"]),
    by_extension("nushell", Code, &["nu"]),
    by_extension("objective-c", Code, &["m", "h"]),
    by_extension("objective-cpp", Code, &["mm"]),
    all("ocaml", Code, &["ml", "mli", "mll", "mly", "eliom"], &["dune", "dune-project"], &["ocaml", "ocamlrun"]),
    by_extension("odin", Code, &["odin"]),
    by_extension("opencl", Code, &["opencl", "cl"]),
    by_extension("openscad", Code, &["scad"]),
    by_extension("org", Prose, &["org"]),
    by_extension("owl", Data, &["owl"]),
    by_extension("pascal", Code, &["pas", "pp", "dpr", "lpr", "dfm", "inc"]),
    all("perl", Code, &["pl", "pm", "t", "pod", "psgi", "plx"], &["cpanfile", "makefile.pl"], &["perl"]),
    all("php", Code, &["php", "php3", "php4", "php5", "phtml", "phpt", "inc"], &[], &["php"]),
    all("pip-requirements", Data, &[], &["requirements.txt", "requirements-dev.txt", "requirements.in", "constraints.txt"], &[]),
    by_extension("plantuml", Data, &["puml", "plantuml", "iuml"]),
    by_extension("plsql", Code, &["pls", "plsql", "pkb", "pks", "plb"]),
    by_extension("postscript", Code, &["ps", "eps"]),
    by_extension("povray", Code, &["pov"]),
    all("powershell", Code, &["ps1", "psm1", "psd1"], &[], &["pwsh"]),
    by_extension("processing", Code, &["pde"]),
    all("prolog", Code, &["pl", "pro", "prolog", "plt"], &[], &["swipl", "gprolog"]),
    by_extension("protobuf", Code, &["proto"]),
    by_extension("pug", Markup, &["pug", "jade"]),
    by_extension("puppet", Code, &["pp"]),
    by_extension("purescript", Code, &["purs"]),
    all("python", Code, &["py", "pyi", "pyw", "gyp", "gypi", "wsgi", "sage"], &["sconstruct", "sconscript", "wscript", "snakefile"], &["python", "pypy", "sage"]),
    by_extension("qmake", Code, &["pro", "pri"]),
    by_extension("qml", Code, &["qml", "qbs"]),
    all("r", Code, &["r", "rsx"], &[".rprofile"], &["rscript"]),
    all("racket", Code, &["rkt", "rktl", "scrbl"], &[], &["racket"]),
    all("raku", Code, &["raku", "rakumod", "rakutest", "p6", "pm6", "pl6"], &[], &["raku", "perl6"]),
    by_extension("rdf-turtle", Data, &["ttl", "nt", "nq", "trig"]),
    by_extension("reason", Code, &["re", "rei"]),
    by_extension("rescript", Code, &["res", "resi"]),
    by_extension("restructuredtext", Prose, &["rst", "rest"]),
    by_extension("robot", Code, &["robot"]),
    by_extension("roff", Markup, &["1", "2", "3", "4", "5", "6", "7", "8", "9", "man", "roff", "mdoc", "ms", "me"]),
    all("ruby", Code, &["rb", "rake", "gemspec", "ru", "podspec", "thor", "jbuilder"], &["gemfile", "rakefile", "podfile", "vagrantfile", "guardfile", "brewfile", "fastfile", "capfile", "dangerfile", ".irbrc", ".simplecov"], &["ruby", "jruby", "rake"]),
    by_extension("rust", Code, &["rs"]),
    by_extension("sas", Code, &["sas"]),
    by_extension("sass", Markup, &["sass"]),
    by_extension("scala", Code, &["scala", "sbt", "sc", "kojo"]),
    all("scheme", Code, &["scm", "ss", "sld", "sls", "sps"], &[], &["scheme", "guile", "chicken", "csi"]),
    by_extension("scss", Markup, &["scss"]),
    by_extension("sed", Code, &["sed"]),
    by_extension("shader", Code, &["shader", "gdshader"]),
    all("shell", Code, &["sh", "bash", "zsh", "ksh", "bats", "command", "ebuild", "eclass"], &[".bashrc", ".bash_profile", ".profile", ".zshrc", ".envrc", "pkgbuild"], &["sh", "bash", "zsh", "ksh", "dash", "ash", "bats", "mksh"]),
    by_extension("slim", Markup, &["slim"]),
    by_extension("smalltalk", Code, &["st"]),
    by_extension("smt", Code, &["smt2", "smt"]),
    by_extension("solidity", Code, &["sol"]),
    by_extension("sparql", Code, &["sparql", "rq"]),
    by_extension("sql", Code, &["sql", "ddl", "mysql", "pgsql", "psql"]),
    by_extension("standard-ml", Code, &["sml", "sig", "fun"]),
    all("starlark", Code, &["bzl", "bazel", "star"], &["build", "workspace", "build.bazel", "workspace.bazel", "module.bazel", "tiltfile", "buck"], &[]),
    by_extension("stata", Code, &["do", "ado", "doh", "mata"]),
    by_extension("stylus", Markup, &["styl"]),
    by_extension("supercollider", Code, &["scd", "sc"]),
    by_extension("svelte", Markup, &["svelte"]),
    by_extension("svg", Data, &["svg"]),
    all("swift", Code, &["swift"], &[], &["swift"]),
    by_extension("systemverilog", Code, &["sv", "svh", "vh"]),
    all("tcl", Code, &["tcl", "tm", "adp", "exp", "itcl"], &[], &["tclsh", "wish", "expect"]),
    by_extension("terra", Code, &["t"]),
    all("text", Prose, &["txt", "text", "readme"], &["readme", "license", "licence", "copying", "authors", "contributors", "changelog", "changes", "news", "install", "todo", "notice", "history", "thanks", "maintainers", "credits", "codeowners", "version"], &[]),
    by_extension("textile", Prose, &["textile"]),
    by_extension("thrift", Code, &["thrift"]),
    by_extension("tla", Code, &["tla"]),
    all("toml", Data, &["toml"], &["cargo.lock", "poetry.lock", "pdm.lock", "uv.lock", "pipfile", "gopkg.lock"], &[]),
    by_extension("tsv", Data, &["tsv", "tab"]),
    by_extension("twig", Markup, &["twig"]),
    by_extension("typescript", Code, &["ts", "tsx", "mts", "cts"]),
    by_extension("typst", Markup, &["typ"]),
    by_extension("unrealscript", Code, &["uc"]),
    by_extension("vala", Code, &["vala", "vapi"]),
    by_extension("vba", Code, &["bas", "cls", "frm", "vba", "vbs"]),
    by_extension("verilog", Code, &["v", "veo"]),
    by_extension("vhdl", Code, &["vhd", "vhdl", "vho"]),
    all("vim-script", Code, &["vim", "vmb"], &[".vimrc", "vimrc", ".gvimrc"], &[]),
    by_extension("visual-basic", Code, &["vb", "vbhtml"]),
    by_extension("vlang", Code, &["v", "vv", "vsh"]),
    by_extension("vue", Markup, &["vue"]),
    by_extension("vyper", Code, &["vy"]),
    by_extension("webassembly", Code, &["wat", "wast"]),
    by_extension("wgsl", Code, &["wgsl"]),
    by_extension("wit", Code, &["wit"]),
    by_extension("wren", Code, &["wren"]),
    by_extension("xml", Data, &["xml", "xsd", "wsdl", "plist", "csproj", "vbproj", "fsproj", "vcxproj", "props", "targets", "resx", "xaml", "xib", "storyboard", "nuspec", "pom", "rss", "kml", "gpx", "xliff", "xlf", "ui", "qrc", "launch", "xmi", "ts", "tsx", "mm", "filters", "config", "axml", "dae", "rels"]),
    by_extension("xquery", Code, &["xq", "xquery", "xqy", "xqm"]),
    by_extension("xslt", Code, &["xsl", "xslt"]),
    all("yaml", Data, &["yml", "yaml", "clang-format", "clang-tidy", "cff"], &[".clang-format", ".clang-tidy", ".clangd", "yarn.lock", "pubspec.lock", "podfile.lock", "glide.lock"], &[]),
    by_extension("yang", Code, &["yang"]),
    by_extension("zig", Code, &["zig", "zon"]),
    by_extension("zimpl", Code, &["zmpl", "zimpl"]),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_order_and_plain() {
        assert!(LANGUAGES.len() >= 200, "{}", LANGUAGES.len());
        assert!(LANGUAGES.windows(2).all(|pair| pair[0].name < pair[1].name));
        for language in LANGUAGES {
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(language.name.chars().all(is_plain), "{}", language.name);
            let all = [language.extensions, language.names, language.interpreters].concat();
            assert!(!all.is_empty(), "{} has no mark", language.name);
            for mark in all {
                assert_eq!(mark, mark.to_lowercase(), "{}", language.name);
            }
            assert!(language.extensions.iter().all(|extension| !extension.starts_with('.')), "{}", language.name);
        }
        // What says the name of a whole file belongs to one language; so does a program.
        for (what, of) in [("name", 0), ("interpreter", 1)] {
            let mut all: Vec<&str> = LANGUAGES
                .iter()
                .flat_map(|language| if of == 0 { language.names } else { language.interpreters })
                .copied()
                .collect();
            all.sort_unstable();
            assert!(all.windows(2).all(|pair| pair[0] != pair[1]), "a {what} of two languages: {all:?}");
        }
    }
}
