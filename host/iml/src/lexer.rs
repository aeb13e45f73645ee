//! Cuts a template text into plain text and expressions, and expressions into tokens.

use std::borrow::Cow;
use std::ops::Range;

use crate::error::Error;
use crate::token::{Operator, Token, TokenKind};

/// How deep braces, parentheses, calls, brackets and signs may nest.
pub(crate) const DEPTH_LIMIT: usize = 64;

/// The error of an expression that nests deeper than [`DEPTH_LIMIT`].
pub(crate) fn too_deep(span: Range<usize>) -> Error {
    Error::new(format!("this expression nests deeper than {DEPTH_LIMIT} levels"), span)
}

/// A part of a template text.
#[derive(Debug)]
pub(crate) enum Piece<'t> {
    /// Plain text.
    Text(&'t str),
    /// What stands between `{{` and `}}`.
    Expression(Vec<Token<'t>>),
}

/// Cuts a template into its pieces. A `{{` that is never closed is plain text.
///
/// # Errors
/// A quote that swallows the `}}` behind it, or too many open braces.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Error> {
    let mut pieces = Vec::new();
    let (mut plain, mut search) = (0, 0);
    while let Some(open) = find(text, "{{", search) {
        if begins_with_plain_brace(&text[open..]) {
            search = open + 1;
            continue;
        }
        match Lexer::new(text, open + 2).expression() {
            Lexed::Closed { tokens, end } => {
                if plain < open {
                    pieces.push(Piece::Text(&text[plain..open]));
                }
                pieces.push(Piece::Expression(tokens));
                (plain, search) = (end, end);
            }
            Lexed::TooDeep { at } => return Err(too_deep(at..at + 1)),
            Lexed::Open { unclosed } => match unclosed_is_plain(text, open) {
                Some(next) => search = next,
                None => return Err(unclosed_error(text, unclosed, open)),
            },
        }
    }
    if plain < text.len() {
        pieces.push(Piece::Text(&text[plain..]));
    }
    Ok(pieces)
}

/// Reads a whole text as one expression without braces.
pub(crate) fn bare_expression(text: &str) -> Vec<Token<'_>> {
    Lexer::new(text, 0).all()
}

fn find(text: &str, needle: &str, from: usize) -> Option<usize> {
    memchr::memmem::find(&text.as_bytes()[from..], needle.as_bytes()).map(|at| at + from)
}

/// Of three braces in a row the first is plain text (`{"a":{{{x}}}}`), unless an object literal begins: `{{{a: 1}}}`.
fn begins_with_plain_brace(text: &str) -> bool {
    let Some(inside) = text.strip_prefix("{{{") else {
        return false;
    };
    let inside = inside.trim_start();
    if inside.starts_with('}') {
        return false;
    }
    let key = inside.trim_start_matches(['"', '\'', '`']);
    let key_end = key.find(|c: char| !is_name_character(c) && !matches!(c, '-' | ' ' | '"' | '\'' | '`')).unwrap_or(key.len());
    !key[key_end..].starts_with(':')
}

/// Where to go on searching if the `{{` at `open` is plain text; none if its expression was meant to close.
fn unclosed_is_plain(text: &str, open: usize) -> Option<usize> {
    match find(text, "}}", open + 2) {
        None => Some(text.len()),
        Some(close) => text[open + 2..close].contains("{{").then_some(open + 2),
    }
}

fn unclosed_error(text: &str, unclosed: Option<usize>, open: usize) -> Error {
    match unclosed {
        Some(at) if text[at..].starts_with('`') => Error::new("this name has no closing backtick", at..at + 1),
        Some(at) => Error::new("this text has no closing quote", at..at + 1).with_help("a quote inside a text is written twice: `'it''s'`"),
        None => Error::new("a brace in this expression is not closed", open..open + 2),
    }
}

/// What came of reading an expression.
enum Lexed<'t> {
    /// It ended with `}}`; `end` is behind that.
    Closed { tokens: Vec<Token<'t>>, end: usize },
    /// The text ended first, maybe inside a quote that begins at `unclosed`.
    Open { unclosed: Option<usize> },
    /// More braces are open than an expression may nest.
    TooDeep { at: usize },
}

#[derive(Clone, Copy, PartialEq)]
enum Brace {
    Single,
    Moustache,
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
    tokens: Vec<Token<'t>>,
    braces: Vec<Brace>,
}

impl<'t> Lexer<'t> {
    fn new(text: &'t str, at: usize) -> Self {
        Self { text, at, tokens: Vec::new(), braces: Vec::new() }
    }

    /// Reads up to the `}}` that closes the expression.
    fn expression(mut self) -> Lexed<'t> {
        while let Some(character) = self.next_character() {
            if self.rest().starts_with("}}") && self.braces.is_empty() {
                self.push(TokenKind::End, self.at);
                return Lexed::Closed { end: self.at + 2, tokens: self.tokens };
            }
            self.token(character);
            if self.braces.len() > DEPTH_LIMIT {
                return Lexed::TooDeep { at: self.at };
            }
            if let Some(Token { kind: TokenKind::Unclosed(_), span }) = self.tokens.last() {
                return Lexed::Open { unclosed: Some(span.start) };
            }
        }
        Lexed::Open { unclosed: None }
    }

    /// Reads to the end of the text.
    fn all(mut self) -> Vec<Token<'t>> {
        while let Some(character) = self.next_character() {
            self.token(character);
        }
        self.push(TokenKind::End, self.at);
        self.tokens
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    /// The character that begins the next token.
    fn next_character(&mut self) -> Option<char> {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.rest().chars().next()
    }

    /// Takes the token that ends at `end`.
    fn push(&mut self, kind: TokenKind<'t>, end: usize) {
        self.tokens.push(Token { kind, span: self.at..end });
        self.at = end;
    }

    fn token(&mut self, character: char) {
        let after_dot = matches!(self.tokens.last(), Some(Token { kind: TokenKind::Dot, .. }));
        match character {
            '"' | '\'' => self.quoted(character),
            '`' => self.backticked(),
            _ if after_dot && is_name_character(character) => self.name(),
            '0'..='9' => self.number(),
            _ if is_name_start(character) => self.name(),
            '{' | '}' => self.brace(character),
            _ => self.sign(character),
        }
    }

    fn quoted(&mut self, quote: char) {
        let start = self.at + 1;
        let mut end = start;
        let mut doubled = false;
        loop {
            let Some(found) = self.text[end..].find(quote) else {
                return self.push(TokenKind::Unclosed(quote), self.text.len());
            };
            end += found + 1;
            if !self.text[end..].starts_with(quote) {
                break;
            }
            doubled = true;
            end += 1;
        }
        let inside = &self.text[start..end - 1];
        let twice: String = [quote, quote].iter().collect();
        let text = if doubled { Cow::Owned(inside.replace(&twice, quote.encode_utf8(&mut [0; 4]))) } else { Cow::Borrowed(inside) };
        self.push(TokenKind::Text(text), end);
    }

    fn backticked(&mut self) {
        let start = self.at + 1;
        match self.text[start..].find('`') {
            Some(length) => self.push(TokenKind::Backticked(&self.text[start..start + length]), start + length + 1),
            None => self.push(TokenKind::Unclosed('`'), self.text.len()),
        }
    }

    fn name(&mut self) {
        let rest = self.rest();
        let length = rest.find(|c| !is_name_character(c)).unwrap_or(rest.len());
        self.push(TokenKind::Name(&rest[..length]), self.at + length);
    }

    /// A number, or the number of a module before its first `.`: `1.email`.
    fn number(&mut self) {
        let rest = self.rest();
        let whole = count_digits(rest);
        let behind = &rest[whole..];
        if let Some(member) = behind.strip_prefix('.')
            && member.starts_with(|c| is_name_start(c) || c == '`')
        {
            return self.push(TokenKind::Name(&rest[..whole]), self.at + whole);
        }
        let fraction = match behind.strip_prefix('.').map(count_digits) {
            Some(digits) if digits > 0 => digits + 1,
            _ => 0,
        };
        let mut length = whole + fraction;
        length += exponent(&rest[length..]);
        self.push(TokenKind::Number(&rest[..length]), self.at + length);
    }

    fn brace(&mut self, character: char) {
        let double = self.rest().starts_with(if character == '{' { "{{" } else { "}}" });
        let (kind, length) = match (character, self.braces.last()) {
            ('{', _) if double => {
                self.braces.push(Brace::Moustache);
                (TokenKind::OpenMoustache, 2)
            }
            ('{', _) => {
                self.braces.push(Brace::Single);
                (TokenKind::OpenBrace, 1)
            }
            (_, Some(Brace::Moustache)) if double => {
                self.braces.pop();
                (TokenKind::CloseMoustache, 2)
            }
            (_, Some(Brace::Single)) => {
                self.braces.pop();
                (TokenKind::CloseBrace, 1)
            }
            _ => (TokenKind::Unknown('}'), 1),
        };
        self.push(kind, self.at + length);
    }

    fn sign(&mut self, character: char) {
        let kind = match character {
            '.' => TokenKind::Dot,
            ',' => TokenKind::Comma,
            ';' => TokenKind::Semicolon,
            ':' => TokenKind::Colon,
            '(' => TokenKind::OpenParenthesis,
            ')' => TokenKind::CloseParenthesis,
            '[' => TokenKind::OpenBracket,
            ']' => TokenKind::CloseBracket,
            _ => return self.operator(character),
        };
        self.push(kind, self.at + 1);
    }

    fn operator(&mut self, character: char) {
        let rest = self.rest();
        match Operator::SPELLINGS.iter().find(|(spelling, _)| rest.starts_with(spelling)) {
            Some((spelling, operator)) => {
                self.push(TokenKind::Operator(*operator), self.at + spelling.len());
            }
            None => self.push(TokenKind::Unknown(character), self.at + character.len_utf8()),
        }
    }
}

fn count_digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// The length of an exponent at the start of `text`; 0 where there is none.
fn exponent(text: &str) -> usize {
    let Some(digits) = text.strip_prefix(['e', 'E']) else {
        return 0;
    };
    let unsigned = digits.strip_prefix(['+', '-']).unwrap_or(digits);
    let count = count_digits(unsigned);
    if count == 0 || unsigned[count..].starts_with(is_name_character) { 0 } else { text.len() - unsigned.len() + count }
}

fn is_name_start(character: char) -> bool {
    character.is_alphabetic() || character == '_'
}

fn is_name_character(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}
