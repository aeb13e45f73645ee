//! Twilio: signatures are over the public URL and the sorted parameters, which IML has no words for.

mod signature;
mod signed;

use hookwright_sdk::{Collection, function, plugin};

use signature::Signature;

/// Whether Twilio has signed a request: `authToken` is the account's, `url` the public URL as Twilio calls it, `headers`
/// and `rawBody` are the request's, `sharedKey` is the secret of the webhook rule where one signs instead of the token.
///
/// Without a signature, a secret or a known algorithm it is false, as with a wrong signature.
/// (twilio.com/docs/usage/webhooks/webhooks-security)
#[function]
fn twilio_verify(auth_token: &str, url: &str, headers: &Collection, raw_body: &[u8], shared_key: Option<&str>) -> bool {
    let signature = Signature::read(headers, auth_token, shared_key.unwrap_or_default());
    let (Some(signature), Some(parameters)) = (signature, signed::parameters(url, raw_body)) else {
        return false;
    };
    signed::urls(url).iter().any(|url| signature.is_of(&[url, &parameters]))
}

plugin! { functions: [twilio_verify] }

#[cfg(test)]
mod tests {
    use hookwright_sdk::Collection;
    use hookwright_sdk::testing::Service;

    use super::{PLUGIN, twilio_verify};

    /// The example in Twilio's documentation, "Explore the algorithm yourself".
    const TOKEN: &str = "12345";
    const URL: &str = "https://example.com/myapp.php?foo=1&bar=2";
    const BODY: &[u8] = b"Digits=1234&To=%2B18005551212&From=%2B14158675310&Caller=%2B14158675310&CallSid=CA1234567890ABCDE";
    const SIGNATURE: &str = "L/OH5YylLD5NRKLltdqwSvS0BnU=";

    fn signed(signature: &str) -> Collection {
        Collection::from_iter([("x-twilio-signature", signature)])
    }

    fn holds(url: &str, signature: &str, body: &[u8]) -> bool {
        twilio_verify(TOKEN, url, &signed(signature), body, None)
    }

    #[test]
    fn the_signature_in_twilios_documentation_holds() {
        assert!(holds(URL, SIGNATURE, BODY));
    }

    #[test]
    fn one_changed_byte_anywhere_is_noticed() {
        assert!(!holds(&URL.replace("foo=1", "foo=2"), SIGNATURE, BODY));
        assert!(!holds(URL, &SIGNATURE.replace("L/", "M/"), BODY));
        assert!(!holds(URL, SIGNATURE, &BODY[1..]));
        assert!(!twilio_verify("12346", URL, &signed(SIGNATURE), BODY, None));
    }

    #[test]
    fn what_is_missing_or_no_signature_is_false_and_no_error() {
        assert!(!twilio_verify(TOKEN, URL, &Collection::new(), BODY, None));
        assert!(!holds(URL, "", BODY));
        assert!(!holds(URL, "not base64", BODY));
        assert!(!holds(URL, "L/OH5YylLD5NRKLltdqwSvS0Bg==", BODY));
        assert!(!holds("", SIGNATURE, b"\xff%zz"));
    }

    #[test]
    fn a_secret_that_nobody_has_set_lets_nobody_in() {
        let with_the_empty_key = "rU/Zq3n8snT61b49HUWbl3qGAg4=";
        assert!(!twilio_verify("", URL, &signed(with_the_empty_key), BODY, None));
    }

    #[test]
    fn the_example_service_answers_what_twilio_sends() {
        Service::open("../../spec-examples/twilio", &PLUGIN).check_samples();
    }
}
