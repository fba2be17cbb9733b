"""Malformed scenarios: every fault with its place, its sentence and its remedy, all of a file in one go."""

# ruff: noqa: E501  (a sentence stays on one line, as it is printed)
from __future__ import annotations

import pytest

from backprop_tutor.errors import ScenarioError
from backprop_tutor.scenario import loading as scenario
from backprop_tutor.scenario.types import printable

REST = '[equations]\nL = "x"\n'
RULE = "a name is a letter, then letters, digits and underscores; primes may follow (h1, W_out, ŷ, w12')"

# Each row: the file, and what is said about it as "line:column sentence | remedy".
Rows = list[tuple[str, list[str]]]

# What is no TOML.
SYNTAX: Rows = [
    ("", ["- the scenario is empty | 'bptutor new FILE' writes one to start from"]),
    ("# only a remark\n", ["- the scenario is empty | 'bptutor new FILE' writes one to start from"]),
    (
        "x = ?\ny = .5\nz = 5.\nw = 0,5\nv = 05\n",
        [
            '1:5 an unknown stands in quotes | write "?"',
            "2:5 a number starts with a digit in TOML | write 0.5 for .5",
            "3:6 a number has a digit after its point in TOML | write 5.0 for 5.",
            "4:6 a number has a point, not a comma | write 0.5 for 0,5",
            "5:6 a number has no zero before it in TOML | write 5 for 05",
        ],
    ),
    ("x", ["1:1 a '=' is missing after the name | write name = value; a name has no blanks"]),
    ("ŷ = 1", ['1:1 this name needs quotes in TOML | write it in quotes: "ŷ" = ... or "w1\'" = ...']),
    ("w1' = 1", ['1:3 this name needs quotes in TOML | write it in quotes: "ŷ" = ... or "w1\'" = ...']),
    ("w 1 = 2", ["1:3 a '=' is missing after the name | write name = value; a name has no blanks"]),
    ('f(x) = "2"', ['1:2 the heading of a function needs quotes in TOML | write "f(x)" = "2.0*x"']),
    ("x =", ["1:3 a value is missing | write a number, a text in quotes or an array"]),
    ("x = # c", ["1:5 a value is missing | write a number, a text in quotes or an array"]),
    ("x = a*b", ['1:5 this is no number, and not in quotes | formulas and texts stand in quotes: "x1*w1"']),
    ("x = 3*b", ['1:6 something follows the value | one entry a line; formulas stand in quotes: "2*x1"']),
    ('x = "\\hat{y}"', ["1:8 in double quotes a backslash is special in TOML | use single quotes: '\\hat{y}'"]),
    ('x = "\\uD800"', ["1:12 in double quotes a backslash is special in TOML | use single quotes: '\\hat{y}'"]),
    ('x = "\\u00"', ["1:8 in double quotes a backslash is special in TOML | use single quotes: '\\hat{y}'"]),
    ('x = "abc', ["1:5 a text has no closing quote | close it with the quote that opened it"]),
    (
        "x = 'abc\ny = 3*4",
        [
            "1:5 a text has no closing quote | close it with the quote that opened it",
            '2:6 something follows the value | one entry a line; formulas stand in quotes: "2*x1"',
        ],
    ),
    ("x = '''abc", ["1:5 a text has no closing quote | close it with the quote that opened it"]),
    ('x = """abc\n\ny = 1', ["1:5 a text has no closing quote | close it with the quote that opened it"]),
    ("x = [1, 2\ny = 3", ["1:5 an array isn't closed, or a comma is missing in it | write [1, 2, 3]"]),
    ("x = [1 2]", ["1:5 an array isn't closed, or a comma is missing in it | write [1, 2, 3]"]),
    (
        "x = {a=1",
        ['1:5 a { } isn\'t closed, or a comma is missing in it | write { value = 0.2, assumed = "why" } on one line'],
    ),
    (
        "x = {a=1,\n",
        ['1:5 a { } ends in the line where it starts | write { value = 0.2, assumed = "why" } on one line'],
    ),
    (
        "x = {a=1 b=2}",
        ['1:5 a { } isn\'t closed, or a comma is missing in it | write { value = 0.2, assumed = "why" } on one line'],
    ),
    ("[inputs", ["1:7 the heading of a table isn't closed | write [inputs]"]),
    ("[[inputs]", ["1:9 the heading of a table isn't closed | write [inputs]"]),
    ("[a.]", ["1:4 a name is missing | write name = value"]),
    ("= 3", ["1:1 a name is missing | write name = value"]),
    ('x = "a\x1bb"', ["1:7 a control character stands here | delete it, or type it anew"]),
    (
        "x = 1\ny = 2\nx = 3*4\ny = 5",
        [
            "3:1 'x' is given twice; first in line 1 | keep one of the two",
            "4:1 'y' is given twice; first in line 2 | keep one of the two",
        ],
    ),
    (
        "[inputs]\nx=1\n[inputs]\ny=1",
        ["3:2 'inputs' is given twice; first in line 1 | write all its lines under one heading"],
    ),
    ("a=1\n[a]\n", ["2:3 this name or table is given twice | keep one of the two"]),
    ("x = {a=1,a=2}", ["1:10 'a' is given twice; first in line 1 | keep one of the two"]),
    ("[a]\nb.c=1\n[a.b]\n", ["3:5 this name or table is given twice | keep one of the two"]),
    ("x = " + "9" * 5000, ["1:5 a number has too many digits | write it shorter: 1e9"]),
    ("x = nope", ['1:5 this is no number, and not in quotes | formulas and texts stand in quotes: "x1*w1"']),
    ("x = “a”", ['1:5 these are not the quotes of TOML | write "..." with the quotes of the keyboard']),
    ("x = −5", ["1:5 this is not the minus sign of TOML | write -0.5 with a hyphen"]),
    (
        "x = " + "[" * 17,
        ["1:20 tables or arrays are nested deeper than 16 levels | a scenario needs no more than five"],
    ),
    (
        "x" + ".a" * 17 + " = 1",
        ["1:33 tables or arrays are nested deeper than 16 levels | a scenario needs no more than five"],
    ),
    (
        "x = " + "[" * 100_000,
        ["1:20 tables or arrays are nested deeper than 16 levels | a scenario needs no more than five"],
    ),
    (
        '[equations]\na = i1*w11\nb = "ok"\nc = ?\nd = "open\ne = 3,5\n[parameters\nq = 1\n',
        [
            '2:5 this is no number, and not in quotes | formulas and texts stand in quotes: "x1*w1"',
            '4:5 an unknown stands in quotes | write "?"',
            "5:5 a text has no closing quote | close it with the quote that opened it",
            "6:6 a number has a point, not a comma | write 0.5 for 0,5",
            "7:12 the heading of a table isn't closed | write [inputs]",
        ],
    ),
]

# What has the wrong structure or makes no sense.
STRUCTURE: Rows = [
    ("format = 2\n" + REST, ["1:10 the format is 2; this program reads format 1 | write format = 1"]),
    ("format = true\n" + REST, ["1:10 the format is a truth value; this program reads format 1 | write format = 1"]),
    ("title = 5\n" + REST, ["1:9 'title' is a number, where text belongs | put it in quotes"]),
    ('titel = "x"\n' + REST, ["1:1 unknown key 'titel' | did you mean 'title'?"]),
    ("[parmeters]\nw = 1\n" + REST, ["1:2 unknown key 'parmeters' | did you mean 'parameters' or 'targets'?"]),
    ("[parameters]\nw = 1", ['- there are no equations | write [equations], then lines such as h1 = "x1*w1 + b1"']),
    (
        "inputs = 3\n" + REST,
        [
            "1:10 'inputs' is a number, where a table belongs | write [inputs] on a line of its own, then lines such as x1 = 0.05"
        ],
    ),
    (
        "inputs = [1]\n" + REST,
        [
            "1:10 'inputs' is an array, where a table belongs | write [inputs] on a line of its own, then lines such as x1 = 0.05"
        ],
    ),
    (
        "[[inputs]]\nx=1\n" + REST,
        [
            "1:1 'inputs' is an array, where a table belongs | write [inputs] on a line of its own, then lines such as x1 = 0.05"
        ],
    ),
    (
        '[inputs]\nx = "0,5"\n' + REST,
        ["2:5 'x' is the text '0,5', where a number belongs | write it with a point: 0.5"],
    ),
    (
        '[inputs]\nx = "abc"\n' + REST,
        ["2:5 'x' is the text 'abc', where a number belongs | write a number, or \"?\" for a value that is not known"],
    ),
    (
        "[inputs]\nx = true\n" + REST,
        ["2:5 'x' is a truth value, where a number belongs | write a number, for example 0.20"],
    ),
    (
        "[inputs]\nx = 1979-05-27\n" + REST,
        ["2:5 'x' is a date or time, where a number belongs | write a number, for example 0.20"],
    ),
    ("[inputs]\nx = nan\n" + REST, ["2:5 'x' is no finite number | write a number that is finite"]),
    ("[inputs]\nx = -inf\n" + REST, ["2:5 'x' is no finite number | write a number that is finite"]),
    ("[inputs]\nx = 1e999\n" + REST, ["2:5 'x' is no finite number | write a number that is finite"]),
    ("[inputs]\nx = 0x" + "f" * 300 + "\n" + REST, ["2:5 'x' is too large a number | numbers end near 1.8e308"]),
    (
        "[inputs]\nx = {}\n" + REST,
        [
            "2:5 'x' is a table without a value | write it as a number; a dot in a name makes a table in TOML, so a name has none"
        ],
    ),
    ("[inputs]\nx = { valu = 1 }\n" + REST, ["2:7 unknown key 'valu' for 'x' | did you mean 'value'?"]),
    (
        "[inputs]\nx = { value = 1, assumed = 3 }\n" + REST,
        ["2:28 'assumed' is a number, where text belongs | put it in quotes"],
    ),
    (
        '[inputs]\nx = { value = "a" }\n' + REST,
        ["2:15 'x' is the text 'a', where a number belongs | write a number, or \"?\" for a value that is not known"],
    ),
    (
        "[inputs]\nx.1 = 3\n" + REST,
        [
            "2:1 'x' is a table without a value | write it as a number; a dot in a name makes a table in TOML, so a name has none"
        ],
    ),
    ("[inputs]\nx = []\n" + REST, ["2:5 'x' is an array without elements | write at least one number"]),
    (
        "[inputs]\nx = [[1, 2], [3]]\n" + REST,
        ["2:14 row 2 of 'x' has 1 element, the first has 2 elements | give every row the same length"],
    ),
    (
        "[inputs]\nx = [1, [2]]\n" + REST,
        ["2:9 element 2 of 'x' is a row, unlike the first | write rows of the same length: [[1, 2], [3, 4]]"],
    ),
    (
        "[inputs]\nx = [[1], 2]\n" + REST,
        ["2:11 element 2 of 'x' is no row, unlike the first | write rows of the same length: [[1, 2], [3, 4]]"],
    ),
    (
        '[inputs]\nx = [1, "two", true, nan]\n' + REST,
        [
            "2:9 element 2 of 'x' is the text 'two', where a number belongs | write a number, or \"?\" for a value that is not known",
            "2:16 element 3 of 'x' is a truth value, where a number belongs | write a number, or \"?\" for a value that is not known",
            "2:22 element 4 of 'x' is no finite number | write a number that is finite",
        ],
    ),
    ("[inputs]\nx = [[[[1]]]]\n" + REST, ["2:5 'x' has 4 dimensions; the limit is 3 | split the array"]),
    ("[inputs]\nx = [[], []]\n" + REST, ["2:5 'x' is an array without elements | write at least one number"]),
    (
        '[inputs]\nx = [[1, 2], ["?", {a = 1}]]\n' + REST,
        [
            "2:20 element [2, 2] of 'x' is a table, where a number belongs | write a number, or \"?\" for a value that is not known"
        ],
    ),
    (
        '[inputs]\nx = { shape = [2000, 2000], value = "?" }\n' + REST,
        ["2:15 with 'x' the arrays of this file have more than 2,000,000 elements | make the network smaller"],
    ),
    ("[inputs]\nx = { shape = [2, 0] }\n" + REST, ["2:15 the shape of 'x' has the size 0 | each size is 1 or more"]),
    ("[inputs]\nx = { shape = [] }\n" + REST, ["2:15 the shape of 'x' is empty | write shape = [3]"]),
    ("[inputs]\nx = { shape = [1,1,1,1] }\n" + REST, ["2:15 'x' has 4 dimensions; the limit is 3 | split the array"]),
    (
        "[inputs]\nx = { shape = 3 }\n" + REST,
        ["2:15 the shape of 'x' is no list of whole numbers | write shape = [rows, columns]"],
    ),
    (
        "[inputs]\nx = { shape = [2.5] }\n" + REST,
        ["2:15 the shape of 'x' is no list of whole numbers | write shape = [rows, columns]"],
    ),
    (
        "[inputs]\nx = { shape = [2], value = [1, 2] }\n" + REST,
        ["2:28 'x' is an array, where a number belongs | write a number, or \"?\" for a value that is not known"],
    ),
    (
        "[inputs]\nx = { shape = [3], values = 1 }\n" + REST,
        ["2:20 unknown key 'values' for 'x' | did you mean 'value'?"],
    ),
    (
        '[inputs]\nx = { npz = "w.npz" }\n' + REST,
        ["2:5 'x' has no 'key' | { npz = \"weights.npz\", key = \"W1\" } is the whole form"],
    ),
    (
        '[inputs]\nx = { npz = "w.npz", key = "a" }\n' + REST,
        [
            "2:13 'w.npz' can't be found: a scenario without a file has no folder | save the scenario as a file beside it"
        ],
    ),
    ("[equations]\n", ['1:1 there are no equations | write one: h1 = "x1*w1 + b1"']),
    ("[equations]\nL = 3\n", ["2:5 'L' is a number, where a formula belongs | put the formula in quotes"]),
    ('[equations]\nL = ""\n', ["2:5 the formula of 'L' is empty | write it: \"x1*w1 + b1\""]),
    (
        '[equations]\na.b = "x"\n',
        [
            "2:1 'a' is a table, where text belongs | a dot in a name makes a table in TOML: write the name without a dot"
        ],
    ),
    (
        '[equations]\nL = ["x"]\n',
        [
            "2:5 'L' is an array, where a formula belongs | put the whole list into one pair of "
            'quotes: "[2*a, a + b]"; of several lines into three'
        ],
    ),
    ('[equations]\nL = "' + "x" * 4001 + '"\n', ["2:5 'L' has 4001 characters; the limit is 4000 | make it shorter"]),
    ("[inputs]\n1x = 1\n" + REST, ["2:1 '1x' is no name: it must start with a letter | " + RULE]),
    (
        '[inputs]\n"x y" = 1\n' + REST,
        ["2:1 'x y' is no name: ' ' can't stand in one | write 'x_y'; [notation] says how it is typeset"],
    ),
    (
        "[inputs]\nx-1 = 1\n" + REST,
        ["2:1 'x-1' is no name: '-' can't stand in one | write 'x_1'; [notation] says how it is typeset"],
    ),
    (
        '[inputs]\n"x²" = 1\n' + REST,
        ["2:1 'x²' is no name: '²' can't stand in one | write 'x2'; [notation] says how it is typeset"],
    ),
    (
        '[inputs]\n"W^[1]" = 1\n' + REST,
        ["2:1 'W^[1]' is no name: '^' can't stand in one | write 'W1', and in [notation] W1 = 'W^{[1]}'"],
    ),
    (
        '[inputs]\n"w_{11}" = 1\n' + REST,
        ["2:1 'w_{11}' is no name: '{' can't stand in one | write 'w_11', and in [notation] w_11 = 'w_{11}'"],
    ),
    (
        '[inputs]\n"x^(1)" = 1\n' + REST,
        ["2:1 'x^(1)' is no name: '^' can't stand in one | write 'x1', and in [notation] x1 = 'x^{(1)}'"],
    ),
    (
        '[inputs]\n"w_{12}^{(1)}" = 1\n"z_j^{[2]}" = 1\n"a^{<t>}" = 1\n' + REST,
        [
            "2:1 'w_{12}^{(1)}' is no name: '{' can't stand in one | write 'w1_12', and in [notation] w1_12 = 'w_{12}^{(1)}'",
            "3:1 'z_j^{[2]}' is no name: '^' can't stand in one | write 'z2_j', and in [notation] z2_j = 'z_j^{[2]}'",
            "4:1 'a^{<t>}' is no name: '^' can't stand in one | write 'at'; [notation] says how it is typeset",
        ],
    ),
    (
        '[inputs]\n"x₁y" = 1\n' + REST,
        ["2:1 'x₁y' is no name: a subscript ends one | write 'x1y'; [notation] says how it is typeset"],
    ),
    ('[inputs]\n"" = 1\n' + REST, ["2:1 a name is empty | " + RULE]),
    (
        '[inputs]\n"dL/dw" = 1\n' + REST,
        [
            "2:1 'dL/dw' is how a derivative is written, so nothing else can have that name | leave it out: every derivative is worked out and named by the program"
        ],
    ),
    (
        "[inputs]\n\"__import__('os')\" = 1\n" + REST,
        ["2:1 '__import__('os')' is no name: it must start with a letter | " + RULE],
    ),
    ("[inputs]\n_x = 1\n" + REST, ["2:1 '_x' is no name: it must start with a letter | " + RULE]),
    ('[inputs]\n"x\\u001b[2J" = 1\n' + REST, ["2:1 'x\\u001b[2J' is no name: '\\u001b' can't stand in one | " + RULE]),
    ('[inputs]\n"\'" = 1\n' + REST, ["2:1 ''' is no name: it must start with a letter | " + RULE]),
    (
        "[inputs]\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx = 1\n" + REST,
        [
            "2:1 the name 'xxxxxxxxxxxxxxxxxxxx...' has 41 characters; the limit is 40 | choose a shorter name; [notation] can typeset it at length"
        ],
    ),
    ('[inputs]\n"x#1" = 1\n' + REST, ["2:1 'x#1' is no name: '#' can't stand in one | " + RULE]),
    (
        '[inputs]\n"W[1]" = 1\n' + REST,
        ["2:1 'W[1]' is no name: '[' can't stand in one | write 'W1'; [notation] says how it is typeset"],
    ),
    (
        "[inputs]\nx = 1\n[parameters]\nx = 2\n" + REST,
        ["4:1 'x' is bound twice; first in [inputs], line 2 | give one of the two another name"],
    ),
    (
        "[inputs]\nL = 1\n" + REST,
        ["4:1 'L' is bound twice; first in [inputs], line 2 | give one of the two another name"],
    ),
    (
        '[inputs]\n"φ" = 1\n"ϕ" = 2\n' + REST,
        ["3:1 'ϕ' looks like 'φ' of [inputs], line 2 | give one of the two another name"],
    ),
    (
        '[inputs]\n"é" = 1\n"é" = 2\n' + REST,
        ["3:1 'é' is bound twice; first in [inputs], line 2 | give one of the two another name"],
    ),
    (
        '[inputs]\n"x\'" = 1\n"x′" = 2\n' + REST,
        ["3:1 'x'' is bound twice; first in [inputs], line 2 | give one of the two another name"],
    ),
    (
        '[functions]\nf = "2*x"\n' + REST,
        [
            '2:1 \'f\' doesn\'t say what the function is called on | write "f(x)" = "2.0*x", with the name and its variable in quotes'
        ],
    ),
    (
        '[functions]\n"f()" = "2"\n' + REST,
        [
            '2:1 \'f()\' doesn\'t say what the function is called on | write "f(x)" = "2.0*x", with the name and its variable in quotes'
        ],
    ),
    ('[functions]\n"f(x,x)" = "2"\n' + REST, ["2:1 the function 'f' names a variable twice | give each its own name"]),
    (
        '[functions]\n"where(x)" = "2"\n' + REST,
        ["2:1 'where' is part of the notation | choose another name, for example 'where_1'"],
    ),
    (
        '[functions]\n"L(x)" = "2*x"\n' + REST,
        ["4:1 'L' is bound twice; first in [equations], line 2 | give one of the two another name"],
    ),
    ('[functions]\n"f(x)" = ""\n' + REST, ["2:10 the formula of 'f(x)' is empty | write it: \"x1*w1 + b1\""]),
    (
        '[functions]\n"f(a,b,c,d,e,g,h,i,j)" = "2"\n' + REST,
        ["2:1 the function 'f' has 9 variables; the limit is 8 | define a function of fewer variables"],
    ),
    (
        '[functions]\n"f(x)" = 2\n' + REST,
        ["2:10 'f(x)' is a number, where a formula belongs | put the formula in quotes"],
    ),
    ("samples = 3\n" + REST, ["1:11 the samples are a number | start each sample with [[samples]]"]),
    ("[samples]\nx = 1\n" + REST, ["1:1 the samples are a table | start each sample with [[samples]]"]),
    (
        "[parameters]\nw = 1\n[[samples]]\nw = 1\n" + REST,
        ["4:1 'w' is a parameter, the same in every sample | make it an input"],
    ),
    (
        '[inputs]\nx1 = "?"\nx2 = 1\n[[samples]]\nx1 = 1\nx2 = 1\n[[samples]]\nx2 = 2\n' + REST,
        ["7:1 sample 2 gives no value for 'x1' | add a line to it: x1 = ..."],
    ),
    (
        '[inputs]\nx = "?"\n[[samples]]\nx = [1, 2]\n[[samples]]\nx = [1, 2, 3]\n' + REST,
        ["6:5 'x' is an array of 3 in sample 2 and an array of 2 elsewhere | give it one shape everywhere"],
    ),
    (
        "[inputs]\nx = [1, 2]\n[[samples]]\nx = 1\n" + REST,
        ["4:5 'x' is a single number in sample 1 and an array of 2 elsewhere | give it one shape everywhere"],
    ),
    (
        '[inputs]\nx1 = "?"\n[[samples]]\ninputs = { x1 = 3 }\n' + REST,
        ["4:10 'inputs' is a table without a value | write the names themselves under [[samples]], one a line"],
    ),
    (
        'samples = [1, {x = "a"}]\n' + REST,
        [
            "1:12 sample 1 is a number | start each sample with [[samples]]",
            "1:20 'x' is the text 'a', where a number belongs | write a number, or \"?\" for a value that is not known",
        ],
    ),
    (
        '[inputs]\nx = "?"\n[[samples]]\nx = "a"\n' + REST,
        ["4:5 'x' is the text 'a', where a number belongs | write a number, or \"?\" for a value that is not known"],
    ),
    (
        REST + '[learning]\nloss = "Loss"\n',
        ["4:8 the loss 'Loss' is none of the equations | name one of the equations"],
    ),
    (REST + '[learning]\nloss = "l"\n', ["4:8 the loss 'l' is none of the equations | did you mean 'L'?"]),
    (REST + "[learning]\nrate = 0\n", ["4:8 the learning rate is 0 | a learning rate is greater than 0"]),
    (
        REST + '[learning]\nrate = "fast"\n',
        [
            "4:8 'rate' is the text 'fast', where a number belongs | write a number, or \"?\" for a value that is not known"
        ],
    ),
    (
        REST + "[learning]\nrate = { value = -1 }\n",
        ["4:18 the learning rate is -1 | a learning rate is greater than 0"],
    ),
    (
        REST + "[learning]\nrate = true\n",
        ["4:8 'rate' is a truth value, where a number belongs | write a number, for example 0.20"],
    ),
    (REST + "[learning]\nsteeps = 1\n", ["4:1 unknown key 'steeps' in [learning] | did you mean 'steps'?"]),
    (
        REST + "[learning]\nrates = 1\n",
        ["4:9 'rates' is a number, where a table belongs | write [learning.rates] on a line of its own"],
    ),
    (
        REST + "[parameters]\nw = 1\n[learning]\nrates = { w = 0.1 }\n",
        ["6:11 [learning] has rates for single parameters, and none for the others | write rate = 0.1 as well"],
    ),
    (
        REST + "[learning]\nrate = 1\nrates = { L = 0.1 }\nfrozen = ['v']\n",
        [
            "5:11 'L' is none of the parameters | name one of the [parameters]",
            "6:11 'v' is none of the parameters | name one of the [parameters]",
        ],
    ),
    (REST + "[learning]\nfrozen = 'w'\n", ['4:10 frozen is text | write frozen = ["w1", "w2"]']),
    (REST + "[learning]\nfrozen = [1]\n", ['4:10 an entry of frozen is a number | write frozen = ["w1", "w2"]']),
    (
        '[inputs]\nx = "1/0"\n' + REST,
        ["2:5 'x' is the formula '1/0', which has no finite value | write another number"],
    ),
    (
        '[inputs]\ny = 1\nx = "2*y"\n' + REST,
        [
            "3:5 'x' is a formula with the quantity 'y', and a value is made of numbers only | write it under [equations]"
        ],
    ),
    (
        "[[samples]]\nL = 1\n[equations]\nL = 'x'\n",
        ["2:1 'L' is computed by an equation | leave it out of the samples"],
    ),
    (REST + '[learning]\nover_samples = "men"\n', ["4:16 over_samples is 'men' | did you mean 'mean'?"]),
    (REST + "[learning]\nupstream = { q = 1 }\n", ["4:14 'q' is none of the equations | name one of the equations"]),
    (
        REST + '[learning]\nupstream = { L = "a" }\n',
        ["4:18 'L' is the text 'a', where a number belongs | write a number, for example 0.20"],
    ),
    (
        REST + '[learning]\nloss = "L"\nupstream = { L = 1 }\n',
        ["5:1 there are a loss and an upstream gradient | keep one: both say where to start"],
    ),
    (
        REST + '[learning.update]\nv = "v + g"\n',
        [
            "3:1 [learning.update] doesn't say what becomes of a parameter, w"
            ' | write w = "w - rate*g", w being every parameter and g its gradient',
        ],
    ),
    (REST + "[learning.update]\nw = 3\n", ["4:5 'w' is a number, where a formula belongs | put the formula in quotes"]),
    (
        REST + "[learning]\nupstream = 3\n",
        ["4:12 'upstream' is a number, where a table belongs | write [learning.upstream] on a line of its own"],
    ),
    (
        'learning = "x"\n' + REST,
        [
            "1:12 'learning' is text, where a table belongs | write [learning] on a line of its own, then lines such as rate = 0.5"
        ],
    ),
    (REST + '[notation]\nq = "x"\n', ["4:1 [notation] names 'q', which isn't defined | leave the line out"]),
    (REST + "[notation]\nL = 3\n", ["4:5 'L' is a number, where text belongs | put it in quotes"]),
    (
        REST + '[notation]\nL = "\\theta"\n',
        [
            "4:5 a control character (U+0009) stands in this text | in double quotes TOML reads \\b, \\t, \\n, \\f, \\r and \\u001b as such; single quotes keep a backslash: '\\theta'"
        ],
    ),
    (
        REST + "[notation]\nL = '\\input{/etc/passwd}'\n",
        [
            "4:5 the LaTeX command '\\input' can't stand in a name | accents, fonts and Greek letters can: '\\hat{y}', '\\mathrm{net}_{h1}', '\\delta_1'"
        ],
    ),
    (REST + '[notation]\nL = "{a"\n', ["4:5 the braces of a typeset name don't match | every { needs its }"]),
    (REST + '[notation]\nL = "a}{"\n', ["4:5 the braces of a typeset name don't match | every { needs its }"]),
    (REST + '[notation]\nL = "<b>"\n', ["4:5 '<' can't stand in a typeset name | leave it out"]),
    (
        REST + '[notation]\nL = ""\n',
        ["4:5 a typeset name is empty | leave the line out to keep the name as it is typed"],
    ),
    (REST + "[notation]\nL = '$x$'\n", ["4:5 '$' can't stand in a typeset name | leave it out"]),
    (REST + '[elements]\nq = "x_{i}"\n', ["4:1 [elements] names 'q', which isn't defined | leave the line out"]),
    (
        REST + '[elements]\nL = "x"\n',
        [
            "4:5 the pattern 'x' gives every element the same name | write {i} for the first index, {j} for the second: \"w_{i}{j}\""
        ],
    ),
    (
        REST + '[elements]\nL = "x_{n}"\n',
        ["4:5 the pattern 'x_{n}' has the unknown place {n} | the places are {i}, {j} and {k}, counted from 1"],
    ),
    (REST + '[elements]\nL = "{i}x"\n', ["4:5 the pattern '{i}x' makes the name '1x' | " + RULE]),
    (
        REST + '[elements]\nL = "x_{i}{k}"\n',
        ["4:5 the pattern 'x_{i}{k}' skips an index | use {i}, then {j}, then {k}"],
    ),
    (
        "[inputs]\nx = [1, 2]\n" + REST + '[elements]\nx = "x_{i}{j}"\n',
        ["6:5 the pattern 'x_{i}{j}' doesn't fit an array of 1 dimension | it takes {i}"],
    ),
    (
        "[inputs]\nx = [[1, 2]]\n" + REST + '[elements]\nx = "x_{i}"\n',
        ["6:5 the pattern 'x_{i}' doesn't fit an array of 2 dimensions | it takes {i} and {j}"],
    ),
    (
        "[inputs]\nx = 1\n" + REST + '[elements]\nx = "x_{i}"\n',
        ["6:5 a single number has no elements to name | leave the line out"],
    ),
    (
        REST + '[elements]\nL = "x_{i.__class__}"\n',
        [
            "4:5 the pattern 'x_{i.__class__}' has the unknown place {i.__class__} | the places are {i}, {j} and {k}, counted from 1"
        ],
    ),
    (
        'title = "\\u001b[2J"\n' + REST,
        [
            "1:9 a control character (U+001B) stands in this text | in double quotes TOML reads \\b, \\t, \\n, \\f, \\r and \\u001b as such; single quotes keep a backslash: '\\theta'"
        ],
    ),
    (
        'about = "a\\u202eb"\n' + REST,
        [
            "1:9 a control character (U+202E) stands in this text | in double quotes TOML reads \\b, \\t, \\n, \\f, \\r and \\u001b as such; single quotes keep a backslash: '\\theta'"
        ],
    ),
]


@pytest.mark.parametrize(("text", "expected"), [*SYNTAX, *STRUCTURE])
def test_every_fault_is_told_with_its_place_and_remedy(text: str, expected: list[str]) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario.loads(text)
    told = []
    for problem in caught.value.problems:
        where = problem.where
        assert where.file == "scenario.toml"
        if where.line is not None and where.source is not None:
            assert where.source == printable(text.split("\n")[where.line - 1])
            assert where.column is not None
            assert where.column - 1 + where.length <= len(where.source) + 1
        place = "-" if where.line is None else f"{where.line}:{where.column}"
        told.append(f"{place} {problem.message} | {problem.help}")
    assert told == expected
