// Judges a server by the audits of GraphQL over HTTP, which its specification comes with.
import { auditServer } from "graphql-http";
import { given, tell } from "./judge.mjs";

const results = await auditServer({ url: given.url });
tell(results.map(({ id, name, status, reason }) => ({ id, name, status, reason })));
