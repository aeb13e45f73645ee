// Makes plugin.wasm of plugin.js, the packages it uses and wit/.
import { writeFile } from 'node:fs/promises';
import { componentize } from '@bytecodealliance/componentize-js';
import { build } from 'esbuild';

await build({
    entryPoints: ['plugin.js'],
    bundle: true,
    format: 'esm',
    external: ['hookwright:*'],
    outfile: 'bundle.js',
    logLevel: 'warning',
});
const { component } = await componentize({
    sourcePath: 'bundle.js',
    witPath: 'wit',
    worldName: 'mentions',
    // Each of these would import WASI, which plugins are not given.
    disableFeatures: ['stdio', 'random', 'clocks', 'http', 'fetch-event'],
});
await writeFile('plugin.wasm', component);
