// IML's values as MessagePack: hookwright:plugin's plugin.wit has the table.
import * as msgpack from '@msgpack/msgpack';

/** IML's `missing`. It is not the same as null. */
export const MISSING = new (class Missing {})();

/** A number whose digits JavaScript's would not keep. */
export class Decimal {
    constructor(text) {
        this.text = text;
    }
    toString() {
        return this.text;
    }
}

const utf8 = { from: (bytes) => new TextDecoder().decode(bytes), to: (text) => new TextEncoder().encode(text) };
// Dates are Date by themselves.
const extensionCodec = new msgpack.ExtensionCodec();
extensionCodec.register({ type: 1, encode: (value) => (value === MISSING ? new Uint8Array() : null), decode: () => MISSING });
extensionCodec.register({
    type: 2,
    encode: (value) => (value instanceof Decimal ? utf8.to(value.text) : null),
    decode: (digits) => new Decimal(utf8.from(digits)),
});

/** A value of the contract as JavaScript's. */
export const decode = (bytes) => msgpack.decode(bytes, { extensionCodec });

/** JavaScript's value as one of the contract. */
export const encode = (value) => msgpack.encode(value === undefined ? MISSING : value, { extensionCodec });
