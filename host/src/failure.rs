//! Whose fault a failure is, and the one place where it becomes a status.

use std::fmt;

use bytes::Bytes;
use hookwright_iml::Interrupt;
use hookwright_webhook::body::BadBody;
use http_body_util::Full;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use hyper::{Response, StatusCode};

use crate::server::Outgoing;

/// Seconds after which whoever asked is told to come back when we are at fault.
pub(crate) const RETRY_SECONDS: u16 = 5;

/// Why a request is not answered by its spec.
#[derive(Debug)]
pub enum Failure {
    /// The sender's: nothing has this path or token.
    NotFound,
    /// The sender's: the hook was here and is removed or disabled.
    Gone,
    /// The sender's: the body is larger than is taken.
    TooLarge,
    /// The sender's: the body did not arrive in time.
    TooSlow,
    /// The sender's: the body broke off before its end.
    Broken,
    /// The sender's: the request's head breaks a rule of HTTP, and where it ends may be in doubt; one line for the sender.
    BadHead(&'static str),
    /// The sender's: there are more headers than are taken; one line for the sender.
    HeadTooLarge(&'static str),
    /// The sender's: the method asks for what no webhook does.
    MethodNotAllowed,
    /// The sender's: the body is coded for its transfer in a way that we do not know.
    UnknownCoding,
    /// The sender's: the body is not what its content type says; one line for the sender.
    Malformed(String),
    /// The sender's: decoding or evaluating the request takes more of this than one request may; where, for the operator.
    Exceeded(Bound, String),
    /// The spec's or its plugin's: `verification` or `respond` failed; the diagnostic for the operator.
    Spec(String),
    /// Ours: something that is needed now is missing, full or failing; what, for the operator.
    Unavailable(String),
}

/// What one request may use so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// Processor time.
    Time,
    /// Memory.
    Memory,
}

impl Failure {
    /// Of a request that was ended before it was decided about; `cause` says where.
    fn interrupted(interrupt: Interrupt, cause: String) -> Self {
        match interrupt {
            Interrupt::Time => Self::Exceeded(Bound::Time, cause),
            Interrupt::Memory => Self::Exceeded(Bound::Memory, cause),
            Interrupt::Unavailable | Interrupt::Cancelled => Self::Unavailable(cause),
        }
    }

    /// The status that says whose fault it was.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Gone => StatusCode::GONE,
            Self::TooLarge | Self::Exceeded(Bound::Memory, _) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Exceeded(Bound::Time, _) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Broken | Self::Malformed(_) | Self::BadHead(_) => StatusCode::BAD_REQUEST,
            Self::HeadTooLarge(_) => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::UnknownCoding => StatusCode::NOT_IMPLEMENTED,
            Self::Spec(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// What the sender is told: one line, and nothing about our insides.
    pub fn reply(&self) -> Outgoing {
        let mut reply = Response::new(Full::new(Bytes::from(self.line().to_owned())));
        *reply.status_mut() = self.status();
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            reply.headers_mut().insert(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        if self.status() == StatusCode::METHOD_NOT_ALLOWED {
            reply.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        reply
    }

    pub(crate) fn line(&self) -> &str {
        match self {
            Self::NotFound => "Webhook not found.",
            Self::Gone => "Webhook is gone.",
            Self::TooLarge => "The body is too large.",
            Self::TooSlow => "The body did not arrive in time.",
            Self::Broken => "The body broke off.",
            Self::Malformed(reason) => reason,
            Self::Exceeded(Bound::Time, _) => "The request takes too much time.",
            Self::Exceeded(Bound::Memory, _) => "The request takes too much memory.",
            Self::BadHead(reason) | Self::HeadTooLarge(reason) => reason,
            Self::MethodNotAllowed => "There is no webhook for this method.",
            Self::UnknownCoding => "Transfer-Encoding may only be chunked.",
            Self::Spec(_) => "The webhook failed.",
            Self::Unavailable(_) => "Try again later.",
        }
    }
}

impl From<&BadBody> for Failure {
    fn from(bad: &BadBody) -> Self {
        match bad.interrupt {
            Some(interrupt) => Self::interrupted(interrupt, bad.reason.clone()),
            None => Self::Malformed(bad.reason.clone()),
        }
    }
}

impl From<&hookwright_webhook::Failure> for Failure {
    fn from(failure: &hookwright_webhook::Failure) -> Self {
        match failure.interrupt {
            Some(interrupt) => Self::interrupted(interrupt, failure.to_string()),
            None => Self::Spec(failure.to_string()),
        }
    }
}

/// What the operator is told.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exceeded(_, cause) | Self::Spec(cause) | Self::Unavailable(cause) => f.write_str(cause),
            _ => f.write_str(self.line()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_says_whose_fault_it_was() {
        let statuses = [
            (Failure::NotFound, 404),
            (Failure::Gone, 410),
            (Failure::TooLarge, 413),
            (Failure::TooSlow, 408),
            (Failure::Broken, 400),
            (Failure::Malformed("not JSON".into()), 400),
            (Failure::Exceeded(Bound::Time, String::new()), 422),
            (Failure::Exceeded(Bound::Memory, String::new()), 413),
            (Failure::BadHead("no host"), 400),
            (Failure::HeadTooLarge("too many"), 431),
            (Failure::MethodNotAllowed, 405),
            (Failure::UnknownCoding, 501),
            (Failure::Spec("a diagnostic".into()), 500),
            (Failure::Unavailable("the disk is full".into()), 503),
        ];
        for (failure, status) in statuses {
            assert_eq!(failure.reply().status(), status, "{failure:?}");
        }
    }

    #[test]
    fn only_our_own_failures_ask_the_sender_to_come_back() {
        assert!(Failure::Unavailable(String::new()).reply().headers().contains_key(RETRY_AFTER));
        assert!(!Failure::Spec(String::new()).reply().headers().contains_key(RETRY_AFTER));
    }

    #[test]
    fn the_sender_never_reads_our_insides() {
        let failure = Failure::Unavailable("disk full at event 7".into());
        assert!(!failure.line().contains("disk"));
        assert!(failure.to_string().contains("disk"));
    }
}
