// SPDX-License-Identifier: ISC
// nodemailer: what to give to createTransport().
const fs = require("fs");

module.exports = {
	host: "HOST",
	port: PORT,
	secure: true,
	tls: {
		ca: fs.readFileSync("CA"),
		cert: fs.readFileSync("CERT"),
		key: fs.readFileSync("KEY"),
		minVersion: "TLSv1.2",
	},
	auth: { user: "USER", pass: "PASSWORD" },
};
