// Prints what a call in a fresh context costs, in microseconds: processor time best and median, wall time best and median.
import ivm from 'isolated-vm';

const CALLS = 200;
const [turns, body] = process.argv.slice(-2);
const isolate = new ivm.Isolate({ memoryLimit: 64 });
const script = isolate.compileScriptSync('(body) => body.length');

function call() {
    const context = isolate.createContextSync();
    const size = script.runSync(context, { reference: true });
    const result = size.applySync(undefined, [body], { timeout: 100 });
    size.release();
    context.release();
    return result;
}

function turn() {
    const [cpu, wall] = [process.cpuUsage(), process.hrtime.bigint()];
    for (let count = 0; count < CALLS; count += 1) {
        if (call() !== body.length) throw new Error('wrong');
    }
    const { user, system } = process.cpuUsage(cpu);
    return [(user + system) / CALLS, Number(process.hrtime.bigint() - wall) / 1000 / CALLS];
}

turn();
const costs = Array.from({ length: Number(turns) }, turn);
const ordered = (part) => costs.map((cost) => cost[part]).sort((a, b) => a - b);
const bestAndMedian = (part) => [ordered(part)[0], ordered(part)[Math.floor(costs.length / 2)]];
console.log([...bestAndMedian(0), ...bestAndMedian(1)].join(' '));
