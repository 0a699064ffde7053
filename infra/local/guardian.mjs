// Stops what its parent started when the parent ends, however it ends: a pipe from the parent is its stdin, and the
// end of that pipe is the parent's death. It knows a process by pid and start time, so that it never signals another
// one that was given the same pid later. Plain JavaScript: it runs before anything is built, and from tests.
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { processStart } from './process-start.mjs';

const GRACE_MS = 4000;

function signal(pid, started, name) {
  if (processStart(pid) !== started) return false;
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}

for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => {});

const wards = new Map();
const folders = new Set();

for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line);
  if (order.guard) {
    const started = processStart(order.guard);
    if (started !== undefined) wards.set(order.guard, { started, stopSignal: order.stopSignal });
  }
  if (order.release) wards.delete(order.release);
  if (order.removeAtEnd) folders.add(order.removeAtEnd);
}

// A frozen process only hears SIGKILL, so it is woken first.
for (const [pid, { started, stopSignal }] of wards) {
  signal(pid, started, stopSignal);
  signal(pid, started, 'SIGCONT');
}
const deadline = Date.now() + GRACE_MS;
const someLive = () => [...wards].some(([pid, { started }]) => processStart(pid) === started);
while (someLive() && Date.now() < deadline) await sleep(50);
for (const [pid, { started }] of wards) signal(pid, started, 'SIGKILL');
for (const folder of folders) {
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}
