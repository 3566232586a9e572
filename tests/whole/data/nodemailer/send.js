// SPDX-License-Identifier: ISC
// node send.js OPTIONS JOBS: sends what the JSON file JOBS lists, one message after the
// other, by a transport made of the module OPTIONS and of what JOBS says differs from it.
// Prints for each what became of it, as a line of JSON.
const fs = require("fs");
const path = require("path");
const nodemailer = require(process.env.NODEMAILER);

async function main() {
	const options = require(path.resolve(process.argv[2]));
	const jobs = JSON.parse(fs.readFileSync(process.argv[3]));
	const transport = nodemailer.createTransport({ ...options, ...jobs.transport });

	for (const message of jobs.messages) {
		let outcome;
		try {
			const info = await transport.sendMail(message);
			outcome = { accepted: info.accepted, rejected: info.rejected,
				response: info.response };
		} catch (error) {
			outcome = { code: error.code, reply: error.responseCode,
				message: error.message };
		}
		console.log(JSON.stringify(outcome));
	}
	transport.close();
}

main();
