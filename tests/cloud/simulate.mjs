// Judges requests by IAM policies: simulations come in on stdin as a list, decisions go out as one.
import { createRequire } from 'node:module'

const { runSimulation } = createRequire(process.argv[2])('@cloud-copilot/iam-simulate')
let text = ''
for await (const part of process.stdin) text += part
const decided = []
for (const one of JSON.parse(text)) {
  const answer = await runSimulation(one, {})
  decided.push(answer.overallResult ?? JSON.stringify(answer.errors ?? answer))
}
process.stdout.write(JSON.stringify(decided))
