#!/bin/sh
# Checks a Prometheus configuration, and that it loads examlink's rules:
#
#     check.sh [prometheus.yml]
#
# promtool alone is not sufficient: it accepts a rule file that is empty, and a
# rule_files pattern that matches no file. Exit code 0: good; 1: it says what is wrong.
# Needs promtool (or its path in PROMTOOL).
set -u
config=${1:-prometheus.yml}
found=$("${PROMTOOL:-promtool}" check config "$config" 2>&1) || { echo "$found"; exit 1; }
echo "$found"
bad=0
if echo "$found" | grep -q 'SUCCESS: 0 rules found'; then
	echo "$config: a rule file has no rules" >&2
	bad=1
fi
# "Checking FILE" comes first for the configuration, then for each rule file.
files=$(echo "$found" | sed -n 's/^Checking //p' | sed 1d)
for group in examlink-exams examlink-servers examlink-clients \
	examlink-session-alerts examlink-incident-alerts examlink-server-alerts; do
	echo "$files" | (
		while IFS= read -r file; do
			[ -n "$file" ] && grep -Eq "^[[:space:]]*-[[:space:]]+name:[[:space:]]*[\"']?$group[\"']?[[:space:]]*\$" "$file" && exit 0
		done
		exit 1
	) || {
		echo "$config: no rule file has the group $group" >&2
		bad=1
	}
done
exit $bad
