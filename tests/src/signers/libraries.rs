//! Which libraries sign, and the few lines that call each.

use super::Signer;
use crate::packages::Package;

/// npm `@octokit/webhooks-methods`, GitHub's.
pub const GITHUB: Signer = Signer {
    package: Package::npm("@octokit/webhooks-methods", "6.0.0"),
    script: r#"
        import { sign } from "@octokit/webhooks-methods";
        import { readFileSync } from "node:fs";
        const { secret, body } = JSON.parse(readFileSync(0));
        console.log(await sign(secret, body));
    "#,
};

/// npm `stripe`, Stripe's.
pub const STRIPE: Signer = Signer {
    package: Package::npm("stripe", "23.1.0"),
    script: r#"
        import Stripe from "stripe";
        import { readFileSync } from "node:fs";
        const { secret, body, seconds } = JSON.parse(readFileSync(0));
        const { webhooks } = new Stripe("sk_test_nothing");
        console.log(webhooks.generateTestHeaderString({ payload: body, secret, timestamp: seconds }));
    "#,
};

/// PyPI `slack_sdk`, Slack's.
pub const SLACK: Signer = Signer {
    package: Package::pypi("slack_sdk", "3.47.0"),
    script: r#"
import json, sys
from slack_sdk.signature import SignatureVerifier
given = json.load(sys.stdin)
print(SignatureVerifier(given["secret"]).generate_signature(timestamp=str(given["seconds"]), body=given["body"]))
"#,
};

/// npm `twilio`, Twilio's; is given `{secret, url, body}`, the body a form or, where the URL has its hash, JSON.
pub const TWILIO: Signer = Signer {
    package: Package::npm("twilio", "6.2.0"),
    script: r#"
        import webhooks from "twilio/lib/webhooks/webhooks.js";
        import { readFileSync } from "node:fs";
        const { secret, url, body } = JSON.parse(readFileSync(0));
        const form = new URLSearchParams(url.includes("bodySHA256") ? "" : body);
        const parameters = Object.fromEntries([...form.keys()].map((name) => [name, form.getAll(name)]));
        console.log(webhooks.getExpectedTwilioSignature(secret, url, parameters));
    "#,
};

/// PyPI `twilio`, which also signs as webhook rules do; is given `{secret, url, body, algorithm}`, the body a form.
pub const TWILIO_WITH_RULES: Signer = Signer {
    package: Package::pypi("twilio", "9.13.0"),
    script: r#"
import json, sys
from urllib.parse import parse_qs
from twilio.request_validator import RequestValidator
class Form(dict):
    getall = dict.__getitem__
given = json.load(sys.stdin)
form = Form(parse_qs(given["body"], keep_blank_values=True))
print(RequestValidator(given["secret"]).compute_signature(given["url"], form, given["algorithm"]))
"#,
};

/// npm `svix`, Svix's. Prints the message's id too, in front.
pub const SVIX: Signer = Signer {
    package: Package::npm("svix", "2.5.0"),
    script: r#"
        import { Webhook } from "svix";
        import { randomUUID } from "node:crypto";
        import { readFileSync } from "node:fs";
        const { secret, body, seconds } = JSON.parse(readFileSync(0));
        const id = "msg_" + randomUUID();
        console.log(id, new Webhook(secret).sign(id, new Date(seconds * 1000), body));
    "#,
};

/// PyPI `standardwebhooks`, the specification's own. Prints the message's id too, in front.
pub const STANDARD_WEBHOOKS: Signer = Signer {
    package: Package::pypi("standardwebhooks", "1.1.0"),
    script: r#"
import json, sys, uuid
from datetime import datetime, timezone
from standardwebhooks import Webhook
given = json.load(sys.stdin)
id = f"msg_{uuid.uuid4()}"
time = datetime.fromtimestamp(given["seconds"], tz=timezone.utc)
print(id, Webhook(given["secret"]).sign(id, time, given["body"]))
"#,
};

/// PyPI `standardwebhooks` as a receiver; is given `{secret, headers, body}` and prints `verified`, or fails.
pub const STANDARD_WEBHOOKS_RECEIVER: Signer = Signer {
    script: r#"
import json, sys
from standardwebhooks import Webhook
given = json.load(sys.stdin)
Webhook(given["secret"]).verify(given["body"], given["headers"])
print("verified")
"#,
    ..STANDARD_WEBHOOKS
};

/// npm `svix` as a receiver; is given `{secret, headers, body}` and prints `verified`, or fails.
pub const SVIX_RECEIVER: Signer = Signer {
    script: r#"
        import { Webhook } from "svix";
        import { readFileSync } from "node:fs";
        const { secret, headers, body } = JSON.parse(readFileSync(0));
        new Webhook(secret).verify(body, headers);
        console.log("verified");
    "#,
    ..SVIX
};

/// npm `@sendgrid/eventwebhook`, SendGrid's, only checks: node signs with the secret, a private key in PEM, and the
/// library has to agree.
pub const SENDGRID: Signer = Signer {
    package: Package::npm("@sendgrid/eventwebhook", "8.0.0"),
    script: r#"
        import library from "@sendgrid/eventwebhook";
        import { createPublicKey, sign } from "node:crypto";
        import { readFileSync } from "node:fs";
        const { secret, body, seconds } = JSON.parse(readFileSync(0));
        const signature = sign("sha256", Buffer.from(seconds + body), secret).toString("base64");
        const webhook = new library.EventWebhook();
        const key = createPublicKey(secret).export({ type: "spki", format: "der" }).toString("base64");
        if (!webhook.verifySignature(webhook.convertPublicKeyToECDSA(key), body, signature, String(seconds)))
            throw new Error("the library refuses what node has signed");
        console.log(signature);
    "#,
};

/// npm `discord-interactions`, Discord's, only checks; is given `{key, body, signature, time}`, prints `true` or `false`.
pub const DISCORD: Signer = Signer {
    package: Package::npm("discord-interactions", "4.4.0"),
    script: r#"
        import { verifyKey } from "discord-interactions";
        import { readFileSync } from "node:fs";
        const { key, body, signature, time } = JSON.parse(readFileSync(0));
        console.log(await verifyKey(body, signature, time, key));
    "#,
};
