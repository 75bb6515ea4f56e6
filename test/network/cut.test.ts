/**
 * A network that is cut, and mended: what both sides are told of it, and when, and that they find each other again. The two sides
 * are processes in network namespaces; nothing tells them of the cut but that nothing comes any more.
 */
import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, expect, it, jest } from "@jest/globals";
import { describeWith, networkNamespaces, redisServerPath } from "../needs.js";
import type { FarOrder, FarReport } from "./far.js";
import type { NearOrder, NearReport } from "./near.js";
import { TwoHosts } from "./two-hosts.js";

// The processes compile their sources as they start, which takes seconds on a busy machine.
jest.setTimeout(60_000);

/** Milliseconds that a busy machine may be late. */
const LATE = 5000;

type Keys<T> = T extends unknown ? keyof T : never;
type With<T, Key> = T extends unknown ? (Key extends keyof T ? T : never) : never;

/** What a process reports, in the order it comes. */
class Reports<Report extends object> {
  readonly #child: ChildProcess;
  readonly #all: Report[] = [];
  #wake = (): void => {};

  constructor(child: ChildProcess) {
    this.#child = child;
    child.on("message", (report: Report) => {
      this.#all.push(report);
      this.#wake();
    });
  }

  /** The next report of a kind, which is taken out. */
  async next<Key extends Keys<Report>>(
    key: Key,
    isIt: (report: With<Report, Key>) => boolean = () => true,
  ): Promise<With<Report, Key>> {
    for (;;) {
      const place = this.#all.findIndex((report) => key in report && isIt(report as With<Report, Key>));
      if (place >= 0) return this.#all.splice(place, 1)[0] as With<Report, Key>;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Forgets what came so far. */
  clear(): void {
    this.#all.length = 0;
  }

  tell(order: NearOrder | FarOrder): void {
    this.#child.send(order);
  }
}

const sleep = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

describeWith("network namespaces", networkNamespaces(), "a network that is cut without a word", (ip) => {
  describeWith("redis-server", redisServerPath(), "and mended", (redis) => {
    let hosts: TwoHosts;
    let near: Reports<NearReport>;
    let far: Reports<FarReport>;

    beforeAll(async () => {
      hosts = new TwoHosts(ip);
      const address = hosts.addressOf("near");
      const options = ["--bind", address, "--protected-mode", "no", "--save", "", "--appendonly", "no"];
      await hosts.start("near", "Ready to accept connections", redis, ...options);
      near = new Reports(hosts.fork("near", "near.ts", address));
      const { port } = await near.next("port");
      far = new Reports(hosts.fork("far", "far.ts", address, String(port)));
      await far.next("ready");
    });
    afterAll(() => (hosts as TwoHosts | undefined)?.remove());

    /** Cuts the network, and mends it when everything in `body` has come about. */
    async function whileCut(body: (cutAt: number) => Promise<void>): Promise<void> {
      near.clear();
      far.clear();
      hosts.cut();
      try {
        await body(Date.now());
      } finally {
        hosts.mend();
      }
    }

    /** After a cut each connection comes back in its own time. */
    async function publishUntilHeard(
      from: Reports<NearReport> | Reports<FarReport>,
      to: Reports<NearReport> | Reports<FarReport>,
      text: string,
    ): Promise<void> {
      const heard = (to as Reports<FarReport>).next("heard", (report) => report.heard === text).then(() => true);
      do {
        from.tell({ publish: text });
        await (from as Reports<FarReport>).next("published", ({ published }) => published === text);
      } while (!(await Promise.race([heard, sleep(50)])));
    }

    it("is found by the heartbeats of websockets, on both sides in time, and the client comes back", async () => {
      far.tell({ say: "before" });
      expect(await far.next("echoed")).toEqual({ echoed: "before" });
      await whileCut(async (cutAt) => {
        const [server, client] = await Promise.all([near.next("closed"), far.next("disconnected")]);
        expect(server.closed).toEqual({ code: 1006, reason: "", wasClean: false });
        expect(client.disconnected).toBe(1006);
        for (const { at } of [server, client]) {
          // The time until a ping is sent, and the one that its answer may take.
          expect(at - cutAt).toBeLessThan(200 + 300 + LATE);
        }
      });
      await Promise.all([near.next("opened"), far.next("connected")]);
      far.tell({ say: "after" });
      expect(await far.next("echoed")).toEqual({ echoed: "after" });
    });

    it("costs the clients of event streams nothing: they get what they have missed", async () => {
      near.tell({ append: "1", to: "memory" });
      expect(await far.next("event")).toEqual({ event: "1" });
      await whileCut(async (cutAt) => {
        near.tell({ append: "2", to: "memory" });
        const { loss, at } = await far.next("loss");
        expect(loss).toBe("RING_TIMEOUT");
        expect(at - cutAt).toBeLessThan(500 + LATE);
        near.tell({ append: "3", to: "memory" });
        // An attempt to come back, of which nothing is heard either.
        await far.next("loss");
      });
      near.tell({ append: "4", to: "memory" });
      for (const event of ["2", "3", "4"]) expect(await far.next("event")).toEqual({ event });
    });

    it("is found by a bus over Redis, which tells the gap, fails what it cannot publish, and goes on", async () => {
      await publishUntilHeard(near, far, "before");
      let lost: { at: number } | undefined;
      await whileCut(async (cutAt) => {
        near.tell({ publish: "lost" });
        lost = await near.next("published");
        expect(lost).toMatchObject({ outcome: true });
        far.tell({ publish: "into the void" });
        expect(await far.next("published")).toMatchObject({ outcome: "RING_BUS_UNAVAILABLE" });
        const { at } = await far.next("logged", ({ logged }) => logged.includes("Redis bus"));
        expect(at - cutAt).toBeLessThan(2 * 300 + LATE);
      });
      const { gap } = await far.next("gap");
      expect(gap.since).toBeLessThanOrEqual(lost?.at as number);
      expect(gap.until).toBeGreaterThanOrEqual(lost?.at as number);
      near.tell({ publish: "after" });
      expect(await far.next("heard", ({ heard }) => heard !== "before")).toEqual({ heard: "after" });
      await publishUntilHeard(far, near, "back");
    });

    it("costs the responses nothing that are fed from a log in Redis", async () => {
      near.tell({ append: "1", to: "redis" });
      expect(await far.next("replayed")).toEqual({ replayed: "1" });
      await whileCut(async (cutAt) => {
        near.tell({ append: "2", to: "redis" });
        const { at } = await far.next("logged", ({ logged }) => logged.includes("log of events"));
        expect(at - cutAt).toBeLessThan(6000 + LATE);
      });
      near.tell({ append: "3", to: "redis" });
      expect(await far.next("replayed")).toEqual({ replayed: "2" });
      expect(await far.next("replayed")).toEqual({ replayed: "3" });
    });
  });
});
