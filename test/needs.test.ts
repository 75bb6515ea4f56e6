import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { afterEach, beforeEach, describe, expect, it, jest } from "@jest/globals";
import {
  chromiumPath,
  findProgram,
  networkNamespaces,
  nginxPath,
  npmRegistry,
  postgresFolder,
  pythonWith,
  skipLoudly,
} from "./needs.js";

const before = { ...process.env };

afterEach(() => {
  process.env = { ...before };
  jest.restoreAllMocks();
});

describe("chromiumPath", () => {
  it("is the program that CHROMIUM_PATH names", () => {
    process.env.CHROMIUM_PATH = process.execPath;
    expect(chromiumPath()).toBe(process.execPath);
  });

  it("refuses a CHROMIUM_PATH that is no program", () => {
    process.env.CHROMIUM_PATH = "/no/such/chromium";
    expect(() => chromiumPath()).toThrow(
      "CHROMIUM_PATH names /no/such/chromium, which is not a program that can be run",
    );
  });
});

describe("postgresFolder", () => {
  it("is the folder of the server that POSTGRES_PATH names", () => {
    process.env.POSTGRES_PATH = process.execPath;
    expect(postgresFolder()).toBe(dirname(process.execPath));
  });
});

describe("findProgram", () => {
  it("takes the first name that is installed", () => {
    expect(findProgram("no-such-program", "env")).toBe("/usr/bin/env");
  });

  it("is undefined if none is installed", () => {
    expect(findProgram("no-such-program", "nor-this-one")).toBeUndefined();
  });
});

describe("npmRegistry", () => {
  it("is undefined if it does not answer", () => {
    process.env["npm_config_registry"] = "http://127.0.0.1:1/";
    expect(npmRegistry()).toBeUndefined();
  });
});

describe("nginxPath", () => {
  it("is the program that NGINX_PATH names", () => {
    process.env.NGINX_PATH = process.execPath;
    expect(nginxPath()).toBe(process.execPath);
  });
});

describe("networkNamespaces", () => {
  it("is the program `ip` where namespaces can be made, and leaves none behind", () => {
    const found = networkNamespaces();
    expect([findProgram("ip"), undefined]).toContain(found);
    expect(existsSync(`/run/netns/express-ring-probe-${process.pid}`)).toBe(false);
  });
});

describe("pythonWith", () => {
  it("is undefined if no Python has the module", () => {
    expect(pythonWith("no_such_module_of_python")).toBeUndefined();
  });

  it("takes the program that PYTHON_PATH names, or none", () => {
    // Not Python, but it ends as well; and one that does not.
    process.env.PYTHON_PATH = findProgram("true");
    expect(pythonWith("sys", "json")).toBe(process.env.PYTHON_PATH);
    process.env.PYTHON_PATH = findProgram("false");
    expect(pythonWith("sys", "json")).toBeUndefined();
  });
});

describe("skipLoudly", () => {
  const stderr = () => jest.spyOn(process.stderr, "write").mockReturnValue(true);

  describe("on a developer's machine", () => {
    beforeEach(() => {
      delete process.env.CI;
    });

    it("writes one line per tool, however many tests need it", () => {
      const write = stderr();
      skipLoudly("a printer", "it is out of paper");
      skipLoudly("a printer", "it is out of paper");
      expect(write.mock.calls).toEqual([
        ["\n*** SKIPPED: tests that need a printer cannot run: it is out of paper\n\n"],
      ]);
    });
  });

  describe("in CI", () => {
    it("throws, each time", () => {
      process.env.CI = "true";
      const write = stderr();
      for (const _ of [1, 2]) {
        expect(() => skipLoudly("a plotter", "no pen")).toThrow("tests that need a plotter cannot run: no pen");
      }
      expect(write).not.toHaveBeenCalled();
    });
  });
});
