// aimock's server with the fixtures it is given; prints its address, and ends with its input.
import { LLMock } from "@copilotkit/aimock";

const { fixtures } = JSON.parse(process.argv[2]);
const mock = new LLMock({ port: 0, logLevel: "silent" });
mock.addFixtures(fixtures);
console.log(await mock.start());
process.stdin.on("end", () => process.exit(0)).resume();
