// A plugin in JavaScript: one function and one uid extractor.
import { call as callBuiltIn } from 'hookwright:plugin/iml@1.0.0';
import { decode, encode } from './values.js';

/** Calls a built-in function of IML; throws its message, as `payload`, where it fails. */
const iml = (name, ...args) => decode(callBuiltIn(name, encode(args)));

const functions = {
    mentions: {
        summary: 'Who is mentioned in a text with `@name`, each once, sorted.',
        parameters: [{ name: 'text', kind: 'text', optional: false, variadic: false }],
        returns: 'array',
        examples: [{ expression: "mentions('@zoe, ask @Ada')", result: '["ada", "zoe"]' }],
        run(text) {
            if (typeof text !== 'string') {
                throw invalidArgument(0, 'text is wanted here');
            }
            const names = Array.from(text.matchAll(/@(\w+)/g), ([, name]) => name.toLowerCase());
            if (names.length === 0) {
                throw new Error('nobody is mentioned');
            }
            return iml('sort', [...new Set(names)]);
        },
    },
};

const extractors = {
    team: {
        summary: 'The team that a message is from.',
        run: (request) => [request.header('x-team') ?? decode(request.body())?.team?.id].filter((id) => id !== undefined).map(String),
    },
};

/** A failure that the spec's author sees as one of that argument, counted from 0. Arguments come as the spec gives them. */
const invalidArgument = (index, problem) => ({ tag: 'invalid-argument', val: [index, problem] });

/** Makes a `failure` of the contract of whatever is thrown: anything else would end the plugin, and nobody would see why. */
function telling(work) {
    try {
        return work();
    } catch (error) {
        throw error?.tag ? error : { tag: 'failed', val: String(error?.payload ?? error?.message ?? error) };
    }
}

export const guest = {
    describe: () => ({
        name: 'mentions',
        version: '1.0.0',
        functions: Object.entries(functions).map(([name, { run, ...described }]) => ({ name, ...described })),
        extractors: Object.entries(extractors).map(([name, { summary }]) => ({ name, summary })),
    }),
    call: (name, args) => telling(() => encode(functions[name].run(...decode(args)))),
    uid: (name, request, item) => telling(() => extractors[name].run(request, item && decode(item))),
};
