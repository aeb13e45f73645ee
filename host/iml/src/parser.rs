//! Reads the tokens of one expression into a syntax tree.

use std::borrow::Cow;
use std::ops::Range;

use crate::ast::{Expression, ExpressionKind, Step};
use crate::error::{Error, Warning};
use crate::hints;
use crate::lexer;
use crate::token::{Operator, Token, TokenKind};

/// Operators bind in levels 0 to 5; above them come signs and juxtaposition.
pub(crate) const UNARY_LEVEL: usize = 6;

type Parsed<'t> = Result<Expression<'t>, Error>;

/// Reads one expression; `tokens` ends with [`TokenKind::End`], spans refer to `text`.
///
/// # Errors
/// The first mistake: what follows it cannot be trusted.
pub(crate) fn parse<'t>(text: &'t str, tokens: &[Token<'t>], warnings: &mut Vec<Warning>) -> Parsed<'t> {
    let mut parser = Parser { text, tokens, at: 0, depth: 0, warnings };
    if parser.peek() == &TokenKind::End {
        let span = parser.span();
        parser.warnings.push(Warning::new("there is no expression between these braces", "it gives nothing", span.clone()));
        return Ok(Expression { kind: ExpressionKind::Nothing, span });
    }
    let expression = parser.expression()?;
    match parser.peek() {
        TokenKind::End => Ok(expression),
        _ => Err(parser.unexpected("the end of the expression")),
    }
}

/// Which separators a call has had so far.
#[derive(Default)]
struct Separators {
    semicolon: Option<bool>,
    mixed: bool,
}

struct Parser<'p, 't> {
    text: &'t str,
    tokens: &'p [Token<'t>],
    at: usize,
    depth: usize,
    warnings: &'p mut Vec<Warning>,
}

impl<'t> Parser<'_, 't> {
    fn expression(&mut self) -> Parsed<'t> {
        self.deeper(|parser| parser.level(0))
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        if self.depth == lexer::DEPTH_LIMIT {
            return Err(lexer::too_deep(self.span()));
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    /// Operators of this level between operands of the next.
    fn level(&mut self, level: usize) -> Parsed<'t> {
        if level == UNARY_LEVEL {
            return self.unary();
        }
        let first = self.level(level + 1)?;
        let mut rest = Vec::new();
        while let Some(operator) = self.operator_of(level) {
            self.at += 1;
            rest.push((operator, self.level(level + 1)?));
        }
        let Some((_, last)) = rest.last() else {
            return Ok(first);
        };
        let span = first.span.start..last.span.end;
        let chain = Expression { kind: ExpressionKind::Chain { first: Box::new(first), rest }, span };
        self.warnings.extend(hints::unquoted_dash(self.text, &chain));
        Ok(chain)
    }

    /// The operator that stands here, if it is of this level; `and` and `or` are operators between operands.
    fn operator_of(&self, level: usize) -> Option<Operator> {
        let operator = match self.peek() {
            TokenKind::Operator(operator) => *operator,
            TokenKind::Name("and") => Operator::And,
            TokenKind::Name("or") => Operator::Or,
            _ => return None,
        };
        (operator.level() == Some(level)).then_some(operator)
    }

    fn unary(&mut self) -> Parsed<'t> {
        let start = self.span().start;
        let build = match self.peek() {
            TokenKind::Operator(Operator::Not) => ExpressionKind::Not,
            TokenKind::Operator(Operator::Subtract) => ExpressionKind::Negate,
            _ => return self.juxtaposition(),
        };
        self.at += 1;
        let operand = self.deeper(Self::unary)?;
        let span = start..operand.span.end;
        Ok(Expression { kind: build(Box::new(operand)), span })
    }

    fn juxtaposition(&mut self) -> Parsed<'t> {
        let first = self.postfix()?;
        if !self.begins_value() {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.begins_value() {
            parts.push(self.postfix()?);
        }
        let span = parts[0].span.start..parts[parts.len() - 1].span.end;
        let joined = Expression { kind: ExpressionKind::Juxtaposed(parts), span };
        self.warnings.extend(hints::unquoted_words(self.text, &joined));
        Ok(joined)
    }

    fn begins_value(&self) -> bool {
        match self.peek() {
            TokenKind::Name(name) => !matches!(*name, "and" | "or"),
            TokenKind::Text(_) | TokenKind::Number(_) | TokenKind::Backticked(_) => true,
            TokenKind::OpenParenthesis | TokenKind::OpenMoustache => true,
            _ => false,
        }
    }

    fn postfix(&mut self) -> Parsed<'t> {
        let base = self.primary()?;
        let mut steps = Vec::new();
        loop {
            match self.peek() {
                TokenKind::Dot => steps.push(self.member()?),
                TokenKind::OpenBracket => steps.push(self.index()?),
                TokenKind::OpenParenthesis if !steps.is_empty() && self.touches_previous() => {
                    return Err(hints::method_call(self.text, base.span.start..self.previous_end(), self.span()));
                }
                _ => break,
            }
        }
        if steps.is_empty() {
            return Ok(base);
        }
        let span = base.span.start..self.previous_end();
        self.warnings.extend(hints::length_member(self.text, &steps, &span));
        Ok(Expression { kind: ExpressionKind::Path { base: Box::new(base), steps }, span })
    }

    fn member(&mut self) -> Result<Step<'t>, Error> {
        self.at += 1;
        let name = match self.peek() {
            TokenKind::Name(name) | TokenKind::Backticked(name) => *name,
            _ => {
                return Err(self.unexpected("a name after the `.`").with_help(hints::BACKTICKS));
            }
        };
        self.at += 1;
        Ok(Step::Member(name))
    }

    fn index(&mut self) -> Result<Step<'t>, Error> {
        self.at += 1;
        if self.take(&TokenKind::CloseBracket) {
            return Ok(Step::First);
        }
        let index = self.expression()?;
        self.expect(&TokenKind::CloseBracket)?;
        Ok(Step::Index(index))
    }

    fn primary(&mut self) -> Parsed<'t> {
        let Token { kind, span } = self.tokens[self.at].clone();
        let kind = match kind {
            TokenKind::Name(name) if self.peek_second() == Some(&TokenKind::OpenParenthesis) => {
                return self.call(name);
            }
            TokenKind::Name(name) => ExpressionKind::Name { name, backticked: false },
            TokenKind::Backticked(name) => ExpressionKind::Name { name, backticked: true },
            TokenKind::Text(text) => ExpressionKind::Text(text),
            TokenKind::Number(digits) => ExpressionKind::Number(digits),
            TokenKind::OpenParenthesis => return self.enclosed(&TokenKind::CloseParenthesis),
            TokenKind::OpenMoustache => return self.nested_moustache(),
            TokenKind::OpenBracket => return self.array(),
            TokenKind::OpenBrace => return self.collection(),
            _ => return Err(self.unexpected("a value")),
        };
        self.at += 1;
        Ok(Expression { kind, span })
    }

    fn enclosed(&mut self, close: &TokenKind<'static>) -> Parsed<'t> {
        let start = self.span().start;
        self.at += 1;
        let mut expression = self.expression()?;
        self.expect(close)?;
        expression.span = start..self.previous_end();
        Ok(expression)
    }

    /// `{{...}}` inside an expression: needed nowhere, written as an index (`list[{{n}}]`) and by mistake.
    fn nested_moustache(&mut self) -> Parsed<'t> {
        let is_index = self.at > 0 && self.tokens[self.at - 1].kind == TokenKind::OpenBracket;
        let expression = self.enclosed(&TokenKind::CloseMoustache)?;
        if !is_index {
            self.warnings.push(Warning::new(
                "braces inside braces mean nothing",
                "leave the inner `{{` and `}}` out",
                expression.span.clone(),
            ));
        }
        Ok(expression)
    }

    fn call(&mut self, name: &'t str) -> Parsed<'t> {
        let name_span = self.span();
        self.at += 1;
        let arguments = self.arguments()?;
        let span = name_span.start..self.previous_end();
        Ok(Expression { kind: ExpressionKind::Call { name, name_span, arguments }, span })
    }

    /// The arguments with their parentheses. One that is empty, the last one too, is [`ExpressionKind::Nothing`].
    fn arguments(&mut self) -> Result<Vec<Expression<'t>>, Error> {
        let open = self.span().start;
        self.at += 1;
        let mut arguments = Vec::new();
        let mut separators = Separators::default();
        if self.take(&TokenKind::CloseParenthesis) {
            return Ok(arguments);
        }
        loop {
            arguments.push(self.possibly_empty_argument()?);
            if self.take(&TokenKind::CloseParenthesis) {
                return Ok(arguments);
            }
            if !self.separator(&mut separators) {
                return Err(self.after_argument(&arguments, open));
            }
        }
    }

    fn possibly_empty_argument(&mut self) -> Parsed<'t> {
        match self.peek() {
            TokenKind::Comma | TokenKind::Semicolon | TokenKind::CloseParenthesis => {
                Ok(Expression { kind: ExpressionKind::Nothing, span: self.span() })
            }
            _ => self.argument(),
        }
    }

    fn argument(&mut self) -> Parsed<'t> {
        let start = self.at;
        let argument = self.expression();
        argument.map_err(|error| match self.tokens[start].kind {
            _ if error.help.is_some() => error,
            TokenKind::Dot | TokenKind::Unknown(_) | TokenKind::Colon | TokenKind::Operator(_) if self.at == start => {
                self.told_to_quote(error, self.tokens[start].span.start)
            }
            _ => error,
        })
    }

    fn after_argument(&self, arguments: &[Expression<'t>], open: usize) -> Error {
        if self.peek() == &TokenKind::End {
            return Error::new("this `(` is not closed", open..open + 1);
        }
        let error = self.unexpected("`;` or `)` after the argument");
        match arguments.last() {
            Some(last) if error.help.is_none() => self.told_to_quote(error, last.span.start),
            _ => error,
        }
    }

    /// Adds the advice to quote the argument that begins at `start`.
    fn told_to_quote(&self, error: Error, start: usize) -> Error {
        let behind = self.tokens[self.at..]
            .iter()
            .find(|token| matches!(token.kind, TokenKind::Semicolon | TokenKind::Comma | TokenKind::CloseParenthesis | TokenKind::End));
        let end = behind.map_or(self.text.len(), |token| token.span.start);
        let argument = self.text[start..end].trim();
        if argument.is_empty() || argument.contains(['"', '\'']) {
            return error;
        }
        error.with_help(format!("a text stands in quotes: `'{argument}'`"))
    }

    /// Takes a separator; warns at the first that is not the one this call began with.
    fn separator(&mut self, seen: &mut Separators) -> bool {
        let semicolon = match self.peek() {
            TokenKind::Comma => false,
            TokenKind::Semicolon => true,
            _ => return false,
        };
        if *seen.semicolon.get_or_insert(semicolon) != semicolon && !seen.mixed {
            seen.mixed = true;
            let message = "`,` and `;` separate the arguments of one call";
            self.warnings.push(Warning::new(message, "use one of them throughout", self.span()));
        }
        self.at += 1;
        true
    }

    fn array(&mut self) -> Parsed<'t> {
        let start = self.span().start;
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(&TokenKind::CloseBracket) {
            items.push(self.expression()?);
            if !self.list_separator() && self.peek() != &TokenKind::CloseBracket {
                return Err(self.unexpected("`,` or `]` after the element"));
            }
        }
        Ok(Expression { kind: ExpressionKind::Array(items), span: start..self.previous_end() })
    }

    fn collection(&mut self) -> Parsed<'t> {
        let start = self.span().start;
        self.at += 1;
        let mut pairs = Vec::new();
        while !self.take(&TokenKind::CloseBrace) {
            let key = self.key()?;
            self.expect(&TokenKind::Colon)?;
            pairs.push((key, self.expression()?));
            if !self.list_separator() && self.peek() != &TokenKind::CloseBrace {
                return Err(self.unexpected("`,` or `}` after the value"));
            }
        }
        Ok(Expression { kind: ExpressionKind::Collection(pairs), span: start..self.previous_end() })
    }

    fn key(&mut self) -> Result<Cow<'t, str>, Error> {
        let key = match self.peek() {
            TokenKind::Name(name) | TokenKind::Backticked(name) | TokenKind::Number(name) => Cow::Borrowed(*name),
            TokenKind::Text(text) => text.clone(),
            _ => return Err(self.unexpected("a key")),
        };
        self.at += 1;
        Ok(key)
    }

    fn list_separator(&mut self) -> bool {
        self.take(&TokenKind::Comma) || self.take(&TokenKind::Semicolon)
    }

    fn take(&mut self, kind: &TokenKind<'static>) -> bool {
        let found = self.peek() == kind;
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, kind: &TokenKind<'static>) -> Result<(), Error> {
        if self.take(kind) { Ok(()) } else { Err(self.unexpected(&kind.describe())) }
    }

    fn unexpected(&self, wanted: &str) -> Error {
        let token = &self.tokens[self.at];
        let found = token.kind.describe();
        let error = Error::new(format!("expected {wanted}, found {found}"), token.span.clone());
        hints::for_unexpected(self.text, token).map_or(error.clone(), |hint| hint.or_message_of(error))
    }

    fn peek(&self) -> &TokenKind<'t> {
        &self.tokens[self.at].kind
    }

    fn peek_second(&self) -> Option<&TokenKind<'t>> {
        self.tokens.get(self.at + 1).map(|token| &token.kind)
    }

    fn span(&self) -> Range<usize> {
        self.tokens[self.at].span.clone()
    }

    fn previous_end(&self) -> usize {
        self.at.checked_sub(1).map_or(0, |at| self.tokens[at].span.end)
    }

    fn touches_previous(&self) -> bool {
        self.previous_end() == self.span().start
    }
}
