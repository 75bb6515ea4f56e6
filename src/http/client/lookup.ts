/** Names to addresses: through given name servers, or a function of the user's. */

import { Resolver } from "node:dns/promises";
import { isIP, type LookupFunction } from "node:net";
import { toDeferred } from "../../deferred/index.js";
import { InvalidArgumentError } from "../../errors/index.js";
import { checkOptionNames } from "../../errors/options.js";
import { atLeast, LONGEST_TIMER } from "./options.js";

export type Lookup = LookupFunction;

/** How names of hosts are looked up, and for how long the answers are kept. */
export interface DnsOptions {
  /** Name servers, as "address" or "address:port". @default the system's */
  readonly nameServers?: readonly string[] | undefined;
  /** @default "ipv4Preferred" */
  readonly addressTypes?: "ipv4Only" | "ipv4Preferred" | "ipv6Only" | "ipv6Preferred" | undefined;
  /** Milliseconds for one query. @default 5000 */
  readonly queryTimeout?: number | undefined;
  /** Seconds for which an answer is kept at least. @default 0 */
  readonly minTtl?: number | undefined;
  /** Seconds for which an answer is kept at most. @default what the answer says */
  readonly maxTtl?: number | undefined;
}

/** Resolves a host by itself: the addresses to try, in order. */
export type DnsResolver = (host: string) => PromiseLike<readonly string[]> | readonly string[];

interface Address {
  readonly address: string;
  readonly family: 4 | 6;
}

interface Answer {
  readonly addresses: readonly Address[];
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** Answers that are kept at a time. */
const MAX_ANSWERS = 1024;

/** A `lookup` function for sockets, over a resolver of the user's. */
export function lookupWith(resolve: DnsResolver): Lookup {
  return toLookup(async (host) =>
    (await resolve(host)).map((address) => {
      const family = isIP(address);
      if (family === 0) throw new InvalidArgumentError(`dnsResolver: ${JSON.stringify(address)} is no IP address`);
      return { address, family: family as 4 | 6 };
    }),
  );
}

const FAMILIES: Readonly<Record<NonNullable<DnsOptions["addressTypes"]>, readonly (4 | 6)[]>> = {
  ipv4Only: [4],
  ipv4Preferred: [4, 6],
  ipv6Only: [6],
  ipv6Preferred: [6, 4],
};

const KNOWN: Record<keyof DnsOptions, true> = {
  nameServers: true,
  addressTypes: true,
  queryTimeout: true,
  minTtl: true,
  maxTtl: true,
};

/** A `lookup` function for sockets, over name servers; answers are kept as long as they say. */
export function dnsLookup(options: DnsOptions): Lookup {
  checkOptionNames("dnsOptions", options, KNOWN);
  const {
    queryTimeout = 5000,
    minTtl = 0,
    maxTtl = Number.POSITIVE_INFINITY,
    addressTypes = "ipv4Preferred",
  } = options;
  if (!Object.hasOwn(FAMILIES, addressTypes)) {
    throw new InvalidArgumentError(
      `addressTypes is one of ${Object.keys(FAMILIES).join(", ")}, not ${JSON.stringify(addressTypes)}`,
    );
  }
  atLeast(0, "minTtl", minTtl);
  atLeast(0, "maxTtl", maxTtl);
  const timeout = Math.min(LONGEST_TIMER, Math.ceil(atLeast(1, "queryTimeout", queryTimeout)));
  const resolver = new Resolver({ timeout, tries: 2 });
  if (options.nameServers !== undefined) resolver.setServers(options.nameServers);
  const answers = new Map<string, Answer>();
  const families = FAMILIES[addressTypes];

  return toLookup(async (host) => {
    const known = answers.get(host);
    if (known !== undefined && known.expires > Date.now()) return known.addresses;
    const found = await Promise.allSettled(
      families.map((family) =>
        family === 4 ? resolver.resolve4(host, { ttl: true }) : resolver.resolve6(host, { ttl: true }),
      ),
    );
    const records = found.flatMap((one, index) =>
      one.status === "fulfilled"
        ? one.value.map(({ address, ttl }) => ({ address, ttl, family: families[index] as 4 | 6 }))
        : [],
    );
    const failure = found.find((one) => one.status === "rejected");
    if (records.length === 0) throw failure?.reason ?? noAddress(host);
    const ttl = Math.min(maxTtl, Math.max(minTtl, Math.min(...records.map((record) => record.ttl))));
    if (answers.size >= MAX_ANSWERS) answers.delete(answers.keys().next().value as string);
    answers.set(host, { addresses: records, expires: Date.now() + ttl * 1000 });
    return records;
  });
}

function noAddress(host: string): Error {
  return Object.assign(new Error(`no address for ${host}`), { code: "ENOTFOUND", hostname: host });
}

function toLookup(resolve: (host: string) => Promise<readonly Address[]>): Lookup {
  return (host, options, callback) => {
    toDeferred(resolve(host)).onRealized(
      (addresses) => {
        const { family = 0 } = options;
        const wanted = addresses.filter((one) => family === 0 || one.family === Number(String(family).slice(-1)));
        const [first] = wanted;
        if (first === undefined) callback(noAddress(host), [], 0);
        else if (options.all === true) callback(null, wanted as Address[]);
        else callback(null, first.address, first.family);
      },
      (error) => callback(error as NodeJS.ErrnoException, [], 0),
    );
  };
}
