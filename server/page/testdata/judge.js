// A stand-in for the line to the judge: the token's identifier may say that there is none.

export class Judge {
	constructor(token) { this.scenario = JSON.parse(atob(token.split('.')[1])).jti; }

	async judge(facts) {
		if (this.scenario === 'unjudged') throw { sentence: 'The server did not answer.' };
		const answer = await fetch('/check/judged?facts=' + encodeURIComponent(JSON.stringify(facts)));
		return (await answer.json()).findings;
	}

	close() {}
}
