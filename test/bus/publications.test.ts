import { describe, expect, it } from "@jest/globals";
import { Publications, type Receiver } from "../../src/bus/publications.js";
import type { RedisLink } from "../../src/bus/redis-client.js";
import { mockClock } from "../../src/clock/index.js";
import { type Deferred, deferred, success } from "../../src/deferred/index.js";
import { rest } from "../stream/kit.js";

/** What is published to a Redis that answers when it is told to, for one receiver that blocks. */
function published(bound: number) {
  const answers: Deferred<number>[] = [];
  const sent: string[] = [];
  const link: RedisLink = {
    isReady: true,
    publish(_channel, payload) {
      sent.push(payload.toString());
      const answer = deferred<number>();
      answers.push(answer);
      return answer;
    },
    watch: () => () => {},
    duplicate: () => {
      throw new Error("not used here");
    },
  };
  const receiver: Receiver = {
    blocks: true,
    reserved: 0,
    get hasRoom() {
      return this.reserved < bound;
    },
  };
  const publications = new Publications(link, {
    clock: mockClock(),
    timeout: 1000,
    receiversOf: () => [receiver],
    isReachable: () => true,
    unreachableSince: () => null,
  });
  return { publications, receiver, sent, answers };
}

describe("Publications", () => {
  it("keep a place until the message comes back, and send the next one then", () => {
    const { publications, receiver, answers } = published(1);
    for (const text of ["a", "b"]) publications.publish("n", Buffer.from(text));
    expect([answers.length, receiver.reserved, publications.waiting]).toEqual([1, 1, 1]);
    expect(publications.arrived("n", Buffer.from("a"))).toEqual([receiver]);
    expect(receiver.reserved).toBe(0);
    publications.advance("n");
    expect([answers.length, receiver.reserved, publications.waiting]).toEqual([2, 1, 0]);
  });

  it("keep no place for what comes from elsewhere", () => {
    const { publications, receiver } = published(2);
    publications.publish("n", Buffer.from("a"));
    expect(publications.arrived("n", Buffer.from("other"))).toEqual([]);
    expect(publications.arrived("other", Buffer.from("a"))).toEqual([]);
    expect(receiver.reserved).toBe(1);
  });

  it("know their own messages in any order, and equal ones as often as they were sent", () => {
    const { publications, receiver } = published(10);
    for (const text of ["a", "b", "b"]) publications.publish("n", Buffer.from(text));
    for (const text of ["b", "a", "b"]) {
      expect([text, publications.arrived("n", Buffer.from(text))]).toEqual([text, [receiver]]);
    }
    expect(publications.arrived("n", Buffer.from("b"))).toEqual([]);
    expect(receiver.reserved).toBe(0);
  });

  it("send once more, before what was published after it, what nobody has heard although there are receivers here", async () => {
    const { publications, receiver, sent, answers } = published(1);
    const [first, second] = ["a", "b"].map((text) => publications.publish("n", Buffer.from(text)));
    success(answers[0] as Deferred<number>, 0);
    await rest();
    expect([sent, publications.published, receiver.reserved, publications.waiting]).toEqual([["a", "a"], 0, 1, 1]);
    success(answers[1] as Deferred<number>, 0);
    expect(await first).toBe(false);
    expect([sent, publications.published, receiver.reserved]).toEqual([["a", "a", "b"], 1, 1]);
    success(answers[2] as Deferred<number>, 1);
    expect(await second).toBe(true);
  });

  it("free the place of a message that has failed", async () => {
    const { publications, receiver, sent, answers } = published(1);
    const [first] = ["a", "b"].map((text) => publications.publish("n", Buffer.from(text)));
    answers[0]?.error(new Error("boom"));
    await expect(first).rejects.toMatchObject({ code: "RING_BUS_REFUSED" });
    expect([sent, receiver.reserved]).toEqual([["a", "b"], 1]);
  });

  it("free the places of all messages that will not come back", () => {
    const { publications, receiver } = published(10);
    for (const text of ["a", "b"]) publications.publish("n", Buffer.from(text));
    publications.forgetEchoes();
    expect(receiver.reserved).toBe(0);
    expect(publications.arrived("n", Buffer.from("a"))).toEqual([]);
  });
});
