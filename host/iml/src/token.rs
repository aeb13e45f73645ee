//! The words of an expression.

use std::borrow::Cow;
use std::ops::Range;

/// One word, with the bytes of the template text it stands in.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token<'t> {
    pub(crate) kind: TokenKind<'t>,
    pub(crate) span: Range<usize>,
}

/// What a word is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind<'t> {
    /// A text in quotes, doubled quotes undone.
    Text(Cow<'t, str>),
    /// A number's digits.
    Number(&'t str),
    /// A name; a module number before a `.` is one too.
    Name(&'t str),
    /// A name in backticks.
    Backticked(&'t str),
    /// An operator.
    Operator(Operator),
    Dot,
    Comma,
    Semicolon,
    Colon,
    OpenParenthesis,
    CloseParenthesis,
    OpenBracket,
    CloseBracket,
    OpenBrace,
    CloseBrace,
    /// `{{` inside an expression.
    OpenMoustache,
    /// The `}}` that belongs to it.
    CloseMoustache,
    /// A character that means nothing here.
    Unknown(char),
    /// The quote or backtick of a text that has no end.
    Unclosed(char),
    /// The end of the expression.
    End,
}

/// The operators, without their aliases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    AddNumbers,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Not,
}

impl Operator {
    /// Longest spellings first, so that `++` is not read as two `+`.
    pub(crate) const SPELLINGS: [(&'static str, Operator); 20] = [
        ("===", Operator::Equal),
        ("!==", Operator::NotEqual),
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("&&", Operator::And),
        ("||", Operator::Or),
        ("++", Operator::AddNumbers),
        ("=", Operator::Equal),
        ("<", Operator::Less),
        (">", Operator::Greater),
        ("&", Operator::And),
        ("|", Operator::Or),
        ("+", Operator::Add),
        ("-", Operator::Subtract),
        ("*", Operator::Multiply),
        ("/", Operator::Divide),
        ("%", Operator::Remainder),
        ("!", Operator::Not),
    ];

    /// How tightly it binds, the loosest first; none for `!`, which has one operand.
    pub(crate) fn level(self) -> Option<usize> {
        match self {
            Self::Or => Some(0),
            Self::And => Some(1),
            Self::Equal | Self::NotEqual => Some(2),
            Self::Less | Self::LessOrEqual | Self::Greater | Self::GreaterOrEqual => Some(3),
            Self::Add | Self::AddNumbers | Self::Subtract => Some(4),
            Self::Multiply | Self::Divide | Self::Remainder => Some(5),
            Self::Not => None,
        }
    }

    /// How it is usually written.
    pub(crate) fn spelling(self) -> &'static str {
        match self {
            Self::Or => "|",
            Self::And => "&",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
            Self::Add => "+",
            Self::AddNumbers => "++",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
            Self::Not => "!",
        }
    }
}

impl TokenKind<'_> {
    /// How a message names it.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Text(_) => "this text".to_owned(),
            Self::Number(digits) => format!("`{digits}`"),
            Self::Name(name) | Self::Backticked(name) => format!("`{name}`"),
            Self::Operator(operator) => format!("`{}`", operator.spelling()),
            Self::Unknown(character) | Self::Unclosed(character) => format!("`{character}`"),
            Self::End => "the end of the expression".to_owned(),
            other => format!("`{}`", other.punctuation()),
        }
    }

    fn punctuation(&self) -> &'static str {
        match self {
            Self::Dot => ".",
            Self::Comma => ",",
            Self::Semicolon => ";",
            Self::Colon => ":",
            Self::OpenParenthesis => "(",
            Self::CloseParenthesis => ")",
            Self::OpenBracket => "[",
            Self::CloseBracket => "]",
            Self::OpenBrace => "{",
            Self::CloseBrace => "}",
            Self::OpenMoustache => "{{",
            Self::CloseMoustache => "}}",
            _ => "",
        }
    }
}
