// BullMQ's producer and worker, with the same commands as the Python sides; see side.py and effect.py.
"use strict";

const fs = require("node:fs");
const { createRequire } = require("node:module");
const path = require("node:path");

const load = createRequire(path.join(process.env.BENCH_NODE, "package.json"));
const { Queue, Worker } = load("bullmq");
const IORedis = load("ioredis");
const Redis = IORedis.default ?? IORedis;

const NAME = "bench";
const CHUNK = 1000;
const CONCURRENT = 50;
const WARM_UP = 50;
const NO_STAMP = "0".repeat(19);
const nowNs = () => process.hrtime.bigint();

function payload(stamp = NO_STAMP) {
  const fields = {
    document_id: "doc_01JD8Q5T3W",
    recipient: "signer.of.the.document@example.com",
    title: "Lease of the house at 12 Garden Street",
    stamp,
    note: "",
  };
  return { ...fields, note: "n".repeat(322 - JSON.stringify(fields).length) };
}

const stamped = (ns) => payload(String(ns).padStart(19, "0"));
const connect = () => new Redis(process.env.BENCH_URL, { maxRetriesPerRequest: null });
const options = { removeOnComplete: process.env.BENCH_RESULTS !== "1", removeOnFail: false };

async function each(queue, payloads) {
  for (const data of payloads) await queue.add("noop", data, options);
}

async function bulk(queue, payloads, delay) {
  for (let start = 0; start < payloads.length; start += CHUNK) {
    const chunk = payloads.slice(start, start + CHUNK);
    const opts = delay === undefined ? options : { ...options, delay: delay() };
    await queue.addBulk(chunk.map((data) => ({ name: "noop", data, opts })));
  }
}

async function timed(enqueue, queue, count) {
  const payloads = new Array(count).fill(payload());
  const started = nowNs();
  await enqueue(queue, payloads);
  return { seconds: Number(nowNs() - started) / 1e9 };
}

const commands = {
  each: async (queue, count) => {
    await each(queue, new Array(WARM_UP).fill(payload()));
    return timed(each, queue, count);
  },
  bulk: async (queue, count) => {
    await bulk(queue, new Array(WARM_UP).fill(payload()));
    return timed(bulk, queue, count);
  },
  load: (queue, count) => timed(bulk, queue, count),
  pace: async (queue, count, rate) => {
    const started = nowNs();
    for (let number = 0; number < count; number += 1) {
      const due = Number(started) + (number / rate) * 1e9;
      const wait = (due - Number(nowNs())) / 1e6;
      if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
      await queue.add("noop", stamped(nowNs()), options);
    }
    return {};
  },
  later: async (queue, count, delayS) => {
    const dueMs = Math.floor(Date.now() / 1000 + delayS + 1) * 1000;
    const wallMs = performance.timeOrigin + performance.now();
    const stamp = nowNs() + BigInt(Math.round((dueMs - wallMs) * 1e6));
    await bulk(queue, new Array(count).fill(stamped(stamp)), () => Math.max(1, dueMs - Date.now()));
    return { left_s: (dueMs - Date.now()) / 1000 };
  },
};

function work() {
  const counts = fs.openSync(process.env.BENCH_COUNTS, "r+");
  const lateness = fs.openSync(process.env.BENCH_LATENESS, "a");
  const number = Buffer.alloc(8);
  let count = 0n;
  const tell = () => {
    number.writeBigUInt64LE(count);
    fs.writeSync(counts, number, 0, 8, 0);
  };
  const perform = async (job) => {
    count += 1n;
    const { stamp } = job.data;
    if (stamp !== NO_STAMP) {
      const late = Buffer.alloc(8);
      late.writeBigInt64LE(nowNs() - BigInt(stamp));
      fs.writeSync(lateness, late);
    }
  };
  const worker = new Worker(NAME, perform, { connection: connect(), concurrency: CONCURRENT });
  worker.on("error", (error) => console.error(error));
  setInterval(tell, 20);
  process.on("SIGTERM", () => {
    tell();
    process.exit(0);
  });
}

async function main() {
  const [command, ...numbers] = process.argv.slice(2);
  if (command === "work") {
    work();
    return;
  }
  const connection = connect();
  const queue = new Queue(NAME, { connection });
  const answer = await commands[command](queue, ...numbers.map(Number));
  process.stdout.write(`${JSON.stringify(answer)}\n`);
  await queue.close();
  connection.disconnect();
}

main();
