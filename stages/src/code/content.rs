//! What a text tells of its language, where several share an extension.
//!
//! Each rule looks for what the one language has all the time and the others never: keywords at the beginning of lines,
//! and marks. Only the beginning of a long file is looked at.

/// Bytes of a file that are looked at.
const LOOK: usize = 16 << 10;

/// Lines as they are compared: without blanks around them.
struct Text<'a>(&'a str);

impl Text<'_> {
    fn has(&self, marks: &[&str]) -> bool {
        marks.iter().any(|mark| self.0.contains(mark))
    }

    fn line_begins(&self, starts: &[&str]) -> bool {
        self.0.lines().any(|line| starts.iter().any(|start| line.trim_start().starts_with(start)))
    }

    fn begins(&self, starts: &[&str]) -> bool {
        let text = self.0.trim_start();
        starts.iter().any(|start| text.starts_with(start))
    }
}

/// The language of a file with an extension that several languages share, by its text; `None` leaves it open.
pub fn settle(extension: &str, text: &str) -> Option<&'static str> {
    let mut end = text.len().min(LOOK);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = Text(&text[..end]);
    let is_xml = || text.begins(&["<?xml", "<!DOCTYPE TS", "<TS ", "<tileset", "<map "]);
    Some(match extension {
        "h" if text.line_begins(OBJECTIVE_C) => "objective-c",
        "h" if text.line_begins(CPP_LINES) || text.has(&["std::"]) => "cpp",
        "h" => "c",
        "m" if text.line_begins(OBJECTIVE_C) || text.line_begins(&["#include", "#if", "@class", "@end"]) => {
            "objective-c"
        }
        "m" if text.line_begins(&[":- module"]) => "mercury",
        "m" if text.begins(&["(*"]) || text.has(&["BeginPackage[", ":= Module["]) => "mathematica",
        "m" => "matlab",
        "mm" if text.begins(&["<?xml", "<map"]) => "xml",
        "mm" => "objective-cpp",
        "pl" if text.line_begins(PERL) || text.has(&["=~ ", "$_"]) => "perl",
        "pl" if text.line_begins(&[":-", "?-"]) || text.has(&[":-\n", " :- ", ") :-"]) => "prolog",
        "pl" => "perl",
        "ts" | "tsx" if is_xml() => "xml",
        "ts" | "tsx" => "typescript",
        "v" if text.line_begins(COQ) => "coq",
        "v" if text.line_begins(&["fn ", "pub fn ", "module main", "import os", "pub struct "]) => "vlang",
        "v" => "verilog",
        "fs" if text.line_begins(&["#version", "void main", "uniform ", "varying ", "precision "]) => "glsl",
        "fs" if text.line_begins(&[": ", "\\ "]) && !text.line_begins(&["let ", "module ", "open "]) => "forth",
        "fs" => "fsharp",
        "f" if text.line_begins(&[": ", "\\ "]) && text.has(&[" ;\n", "( --", "-- )"]) => "forth",
        "f" => "fortran",
        "cls" if text.has(&["\\ProvidesClass", "\\NeedsTeXFormat", "\\documentclass", "\\RequirePackage"]) => "latex",
        "cls" if text.begins(&["VERSION 1.0 CLASS"]) || text.line_begins(&["Attribute VB_"]) => "vba",
        "cls" if text.has(&["class ", "{"]) => "apex",
        "cls" => "latex",
        "pro" if text.line_begins(&[":-"]) || text.has(&[":-\n", " :- "]) => "prolog",
        "pro" if text.has(&["TEMPLATE", "SOURCES", "QT +=", "HEADERS", "CONFIG +="]) => "qmake",
        "pro" => "idl",
        "inc" if text.has(&["<?php", "<?="]) => "php",
        "inc" if text.line_begins(&["#include", "#define", "#if", "static ", "extern ", "/*", "//"]) => "c",
        "inc" if text.line_begins(&["{$", "procedure ", "function ", "unit "]) => "pascal",
        "inc" => return None,
        "pp" if text.line_begins(&["unit ", "program ", "interface", "{$", "uses "]) => "pascal",
        "pp" => "puppet",
        "cl" if text.has(&["__kernel", "get_global_id", "__global"]) => "opencl",
        "cl" => "common-lisp",
        "hh" if text.begins(&["<?hh"]) => "hack",
        "hh" => "cpp",
        "ll" if text.has(&["%%\n", "%{"]) => "lex",
        "ll" => "llvm",
        "sc" if text.has(&["SynthDef", ".ar(", ".kr("]) => "supercollider",
        "sc" => "scala",
        "t" if text.line_begins(PERL) => "perl",
        "t" if text.line_begins(&["terra ", "local ", "function "]) => "terra",
        "t" => "perl",
        "plt" if text.line_begins(&[":-"]) => "prolog",
        "plt" => "gnuplot",
        "mod" if text.line_begins(&["MODULE ", "IMPLEMENTATION MODULE", "DEFINITION MODULE"]) => "modula-2",
        "def" if text.line_begins(&["DEFINITION MODULE"]) => "modula-2",
        "mod" | "def" => return None,
        "bb" if text.begins(&["(", ";", "#!"]) => "clojure",
        "bb" => "bitbake",
        "vsh" if text.line_begins(&["#version", "void main", "attribute ", "uniform "]) => "glsl",
        "vsh" => "vlang",
        "rest" if text.line_begins(&["GET ", "POST ", "PUT ", "DELETE "]) => "http",
        "rest" => "restructuredtext",
        // Lists of what a file depends on, as compilers write them.
        "d" if text.0.lines().next().is_some_and(|line| line.contains(": ") && line.ends_with('\\')) => "makefile",
        "ms" if text.line_begins(&[".TH", ".SH", ".PP", ".TL", ".\\\""]) => "roff",
        "ms" => return None,
        "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "me" => {
            return text.line_begins(&[".TH", ".SH", ".Dd", ".Sh", ".\\\"", "'\\\""]).then_some("roff");
        }
        "conf" | "cfg" | "config" if is_xml() || text.begins(&["<"]) => "xml",
        "config" => "ini",
        "nb" if !text.has(&["Notebook["]) => return None,
        "asc" if text.has(&["-----BEGIN PGP"]) => return None,
        "ps" | "eps" if !text.begins(&["%!"]) => return None,
        "s" | "asm" if text.begins(&["<?xml"]) => return None,
        "as" | "e" | "g" | "st" | "do" | "tag" | "tab" | "exp" | "res" | "re" | "sig" | "fun" => {
            return rare(extension, &text);
        }
        _ => return None,
    })
}

/// Extensions that many programs use for something of their own: only with a proof.
fn rare(extension: &str, text: &Text<'_>) -> Option<&'static str> {
    let (starts, language): (&[&str], _) = match extension {
        "as" => (&["package ", "package{", "import flash", "public class "], "actionscript"),
        "e" => (&["class", "note", "feature", "indexing"], "eiffel"),
        "g" => (&["DeclareOperation", "InstallMethod", "gap>", "BindGlobal", "DeclareAttribute"], "gap"),
        "st" => (&["Object subclass:", "!", "\"", "Smalltalk"], "smalltalk"),
        "do" => (&["use ", "gen ", "generate ", "clear", "program define", "capture ", "reg "], "stata"),
        "tag" => (&["<%@"], "jsp"),
        "tab" => (&[], "tsv"),
        "exp" => (&["spawn ", "expect ", "set ", "proc "], "tcl"),
        "res" => (&["let ", "module ", "type ", "open ", "@module"], "rescript"),
        "re" => (&["let ", "module ", "type ", "open "], "reason"),
        _ => (&["signature ", "structure ", "functor ", "sig", "val "], "standard-ml"),
    };
    let is_proven = if extension == "tab" { text.has(&["\t"]) } else { text.line_begins(starts) };
    is_proven.then_some(language)
}

const OBJECTIVE_C: &[&str] =
    &["@interface", "@implementation", "@protocol", "@property", "#import", "@import", "@class"];

const CPP_LINES: &[&str] = &[
    "namespace ",
    "template<",
    "template <",
    "class ",
    "using namespace",
    "using std",
    "public:",
    "private:",
    "protected:",
    "virtual ",
    "constexpr ",
    "#include <iostream>",
    "#include <string>",
    "#include <vector>",
    "#include <memory>",
    "#include <map>",
    "#include <cstd",
    "#include <functional>",
    "#include <algorithm>",
    "#include <utility>",
    "static_assert",
    "extern \"C++\"",
];

const PERL: &[&str] = &["use strict", "use warnings", "my $", "my @", "my %", "package ", "sub ", "use v5", "require "];

const COQ: &[&str] = &[
    "Require Import",
    "Require Export",
    "From Coq",
    "Theorem ",
    "Lemma ",
    "Proof.",
    "Qed.",
    "Definition ",
    "Inductive ",
    "Section ",
    "Fixpoint ",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_extensions_are_settled_by_content() {
        for (extension, text, expected) in [
            ("h", "#ifndef X\n#define X\nint f(void);\n#endif\n", "c"),
            ("h", "#pragma once\n  namespace a { }\n", "cpp"),
            ("h", "#import <Foundation/Foundation.h>\n@interface A : NSObject\n@end", "objective-c"),
            ("m", "function y = f(x)\n% doubles\ny = 2 * x;\nend\n", "matlab"),
            ("m", "#import \"A.h\"\n@implementation A\n@end\n", "objective-c"),
            ("m", "(* ::Package:: *)\nf[x_] := x\n", "mathematica"),
            ("pl", "#!/usr/bin/perl\nuse strict;\nmy $x = 1;\n", "perl"),
            ("pl", "father(X, Y) :- parent(X, Y), male(X).\n", "prolog"),
            ("ts", "<?xml version=\"1.0\"?>\n<!DOCTYPE TS>\n<TS>", "xml"),
            ("ts", "export const x: number = 1;\n", "typescript"),
            ("v", "module m(input a, output b);\nendmodule\n", "verilog"),
            ("v", "Theorem t : forall n, n = n.\nProof. reflexivity. Qed.\n", "coq"),
            ("v", "fn main() {\n\tprintln('x')\n}\n", "vlang"),
            ("fs", "module A\nlet x = 1\n", "fsharp"),
            ("fs", "#version 330\nvoid main() {}\n", "glsl"),
            ("cls", "\\NeedsTeXFormat{LaTeX2e}\n\\ProvidesClass{a}\n", "latex"),
            ("pro", "QT += core\nSOURCES += main.cpp\n", "qmake"),
            ("inc", "<?php function f() {}", "php"),
            ("pp", "class apache { package { 'x': } }\n", "puppet"),
            ("cl", "__kernel void f(__global float *a) {}\n", "opencl"),
            ("d", "main.o: main.c \\\n  a.h\n", "makefile"),
            ("3", ".TH PRINTF 3\n.SH NAME\n", "roff"),
        ] {
            assert_eq!(settle(extension, text), Some(expected), "{extension}: {text}");
        }
        for (extension, text) in [("3", "fourth part"), ("do", "<html>"), ("d", "module a;\n"), ("zzz", "")] {
            assert_eq!(settle(extension, text), None, "{extension}: {text}");
        }
        // A cut in the middle of a character.
        assert_eq!(settle("h", &"漢".repeat(10_000)), Some("c"));
    }
}
