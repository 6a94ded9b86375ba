# Print an optspec for argparse to handle cmd's options that are independent of any subcommand.
function __fish_ecoops_global_optspecs
    string join \n C= output= q/quiet color= no-color offline deadline= config= log= h/help V/version
end

function __fish_ecoops_needs_command
    # Figure out if the current invocation already has a command.
    set -l cmd (commandline -opc)
    set -e cmd[1]
    argparse -s (__fish_ecoops_global_optspecs) -- $cmd 2>/dev/null
    or return
    if set -q argv[1]
        # Also print the command, so this can be used to figure out what it is.
        echo $argv[1]
        return 1
    end
    return 0
end

function __fish_ecoops_using_subcommand
    set -l cmd (__fish_ecoops_needs_command)
    test -z "$cmd"
    and return 1
    contains -- $cmd[1] $argv
end

complete -c ecoops -n "__fish_ecoops_needs_command" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_needs_command" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_needs_command" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_needs_command" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_needs_command" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_needs_command" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_needs_command" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_needs_command" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_needs_command" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_needs_command" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_needs_command" -s V -l version -d 'Print version'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "scan" -d 'Examine code and report what is wrong'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "fix" -d 'Turn findings into verified fixes, with a record and an undo'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "plan" -d 'Show changes that wait for a yes, and approve or reject them'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "runs" -d 'List what was done in this repository'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "resume" -d 'Do again what was interrupted'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "undo" -d 'Take a run back, byte for byte'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "audit" -d 'Show, verify, prove and copy the signed record of what was done'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "memory" -d 'Search, fill and empty what is remembered of fixes and runbooks'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "objects" -d 'Reports that were kept and files that were attached'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "docs" -d 'Keep runbooks, postmortems and manuals that answers cite'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "ask" -d 'Ask what is remembered; every snippet is cited'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "incident" -d 'Tell what is wrong in a running system, and who is to blame'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "signals" -d 'Tell what logs and metrics say: templates, anomalies, live'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "policy" -d 'Ask, test and list the policies in force'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "events" -d 'Show, replay and repair the event log'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "hook" -d 'Check commits for problems before they are pushed'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "ci" -d 'Check what a pipeline is about to merge'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "config" -d 'Show the settings and where they come from'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "login" -d 'Log in at the configured issuer (OpenID Connect)'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "logout" -d 'End the login, here and at the issuer'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "whoami" -d 'Tell who commands act as, and what they may do'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "credential" -d 'Keep passwords and keys that settings name'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "infra" -d 'Show what is deployed, and deploy it'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "database" -d 'Prepare a PostgreSQL server that orgs share'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "agent" -d 'The daemon that keeps the record and serves the kernel\'s API'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "mcp" -d 'Serve tools to editors and agents, and use those of others (MCP)'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "dev" -d 'Start real servers on this machine, to try what a team shares'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "trust" -d 'Let this repository\'s ecoops.toml run commands and loosen limits'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "doctor" -d 'Tell what works here and what is missing'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "completions" -d 'Print the completions for a shell'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "man" -d 'Print the manual page'
complete -c ecoops -n "__fish_ecoops_needs_command" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l from-ref -d 'Only lines that are new since the merge base with this commit or branch' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l revision -d 'The files of this commit instead of those on disk' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l rule -d 'Only these rules (ids, `*` allowed, commas between)' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l category -d 'Only rules of these kinds' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l severity -d 'Only findings at least this severe: info, low, medium, high, critical' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l persona -d 'Whose remarks: default, or pedantic for all of them' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l baseline -d 'Leave out what this file knows (see `ecoops scan --write-baseline`)' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l from -d 'Add the findings of other tools: SARIF, or the JSON of clippy, ruff or eslint' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l problem -d 'Only what these words mean, nearest first: "memory leak in connection pool"' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l write-baseline -d 'Write what was found to this file, so that later scans leave it out' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l staged -d 'What is staged instead of what is on disk'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l submodules -d 'Look into submodules as well'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l no-cache -d 'Scan every file anew, and keep nothing for the next time'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l suppressed -d 'Show suppressed findings too, marked as such'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l test-rules -d 'Run the examples of all rules, or of the rule files in these folders (given as PATH), instead'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l list-rules -d 'List the rules that would be used, instead of using them'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand scan" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l from-ref -d 'Only lines that are new since the merge base with this commit or branch' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l revision -d 'The files of this commit instead of those on disk' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l rule -d 'Only these rules (ids, `*` allowed, commas between)' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l category -d 'Only rules of these kinds' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l severity -d 'Only findings at least this severe: info, low, medium, high, critical' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l persona -d 'Whose remarks: default, or pedantic for all of them' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l baseline -d 'Leave out what this file knows (see `ecoops scan --write-baseline`)' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l from -d 'Add the findings of other tools: SARIF, or the JSON of clippy, ruff or eslint' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l problem -d 'Only what these words mean, nearest first: "memory leak in connection pool"' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l branch -d 'Make this branch and commit there' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l staged -d 'What is staged instead of what is on disk'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l submodules -d 'Look into submodules as well'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l no-cache -d 'Scan every file anew, and keep nothing for the next time'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l unsafe-fixes -d 'Also fixes that may change what the code does'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l diff -d 'Only show the change; run and write nothing'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l dry-run -d 'Validate the change in an isolated copy, and write nothing'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l check -d 'Say by the exit code alone whether there is something to fix'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -s i -l interactive -d 'Decide fix by fix'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -s y -l yes -d 'Approve the change without being asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l commit -d 'Commit exactly the fix\'s hunks, and nothing of yours'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l no-validate -d 'Do not run the project\'s own checks'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand fix" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -f -a "list" -d 'List plans, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -f -a "show" -d 'Show what would change, what the checks said, and who said what'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -f -a "approve" -d 'Say yes: the same fix is then applied where nobody can be asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -f -a "reject" -d 'Say no; the last word counts'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and not __fish_seen_subcommand_from list show approve reject help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l status -r -f -a "proposed\t''
approved\t''
rejected\t''
executed\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -s n -l limit -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l notes -d 'Why, in your words' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from approve" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l notes -d 'Why, in your words' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from reject" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "list" -d 'List plans, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show what would change, what the checks said, and who said what'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "approve" -d 'Say yes: the same fix is then applied where nobody can be asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "reject" -d 'Say no; the last word counts'
complete -c ecoops -n "__fish_ecoops_using_subcommand plan; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -s n -l limit -d 'How many at most' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l all -d 'Of every repository, not only this one'
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand runs" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -s y -l yes -d 'Approve the change without being asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand resume" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand undo" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "log" -d 'Show entries, the newest last'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "verify" -d 'Recompute every hash from the entries up, and check the signature'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "proof" -d 'Prove that an entry is in the log, or check such a proof'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "report" -d 'Judge a period for the controls of SOC 2 or ISO 27001'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "export" -d 'Copy the log: to a new folder in the tlog-tiles layout, or to stdout as JSON lines'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and not __fish_seen_subcommand_from log verify proof report export help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l limit -d 'How many entries at most' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l from -d 'The first entry\'s index; without it, the last N entries' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l actor -d 'Only what this actor did' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l action -d 'Only this action, such as `integrate`' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l resource -d 'Only what was done to this resource' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l result -d 'Only what ended like this' -r -f -a "success\t''
failure\t''
denied\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l trace -d 'Only entries of this trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l since -d 'Only entries since this time, such as 2026-01-31T12:00:00Z' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l until -d 'Only entries until this time' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from log" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l key -d 'The log\'s public key (a C2SP vkey); without it, this machine\'s own' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from verify" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -s o -l out -d 'Write the proof to a file instead of stdout' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l check -d 'Check this proof' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l key -d 'The log\'s public key; without it, this machine\'s own' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from proof" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l from -d 'When the period begins, as 2026-07-01 or 2026-07-01T00:00:00Z; by default 90 days before its end' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l to -d 'When it ends; a day counts whole; by default now' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l keep -d 'Keep it among the reports, where `ecoops objects` finds it'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from report" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l keep -d 'Keep the entries as JSON lines among the reports, where `ecoops objects` finds them'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "log" -d 'Show entries, the newest last'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "verify" -d 'Recompute every hash from the entries up, and check the signature'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "proof" -d 'Prove that an entry is in the log, or check such a proof'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "report" -d 'Judge a period for the controls of SOC 2 or ISO 27001'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "export" -d 'Copy the log: to a new folder in the tlog-tiles layout, or to stdout as JSON lines'
complete -c ecoops -n "__fish_ecoops_using_subcommand audit; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -f -a "search" -d 'Find documents by meaning and by words'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -f -a "add" -d 'Keep Markdown or text files'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -f -a "list" -d 'Show what is kept, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -f -a "forget" -d 'Remove a document, its text and its vectors, so that nobody finds them any more'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and not __fish_seen_subcommand_from search add list forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l type -d 'Only these kinds of documents, separated by commas' -r -f -a "fix\t''
incident\t''
runbook\t''
postmortem\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l top-k -d 'How many documents to show, 1 to 100' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from search" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l type -r -f -a "fix\t''
incident\t''
runbook\t''
postmortem\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l title -d 'The title of the document; by default its first heading, else the name of the file' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l type -r -f -a "fix\t''
incident\t''
runbook\t''
postmortem\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l limit -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "search" -d 'Find documents by meaning and by words'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "add" -d 'Keep Markdown or text files'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show what is kept, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Remove a document, its text and its vectors, so that nobody finds them any more'
complete -c ecoops -n "__fish_ecoops_using_subcommand memory; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -f -a "list" -d 'List what is kept, by name'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -f -a "get" -d 'Write one to a file or to stdout, byte for byte'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -f -a "delete" -d 'Delete one'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -f -a "expire" -d 'Let go of what is older than its time, as keeping something does by itself'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and not __fish_seen_subcommand_from list get delete expire help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l in -d 'Only these; without it, both' -r -f -a "reports\t''
attachments\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -s n -l limit -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l in -r -f -a "reports\t''
attachments\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from get" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l in -r -f -a "reports\t''
attachments\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from delete" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from expire" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from help" -f -a "list" -d 'List what is kept, by name'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from help" -f -a "get" -d 'Write one to a file or to stdout, byte for byte'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from help" -f -a "delete" -d 'Delete one'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from help" -f -a "expire" -d 'Let go of what is older than its time, as keeping something does by itself'
complete -c ecoops -n "__fish_ecoops_using_subcommand objects; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -f -a "add" -d 'Keep documents; one that was kept before is replaced'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -f -a "list" -d 'Show what is kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -f -a "forget" -d 'Remove a document, its text and its vectors from the disk'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and not __fish_seen_subcommand_from add list forget help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l type -r -f -a "fix\t''
incident\t''
runbook\t''
postmortem\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l title -d 'The title of the document; by default its first heading, else the name of the file' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from forget" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "add" -d 'Keep documents; one that was kept before is replaced'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show what is kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "forget" -d 'Remove a document, its text and its vectors from the disk'
complete -c ecoops -n "__fish_ecoops_using_subcommand docs; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l incident -d 'Ask about this incident: its title and conclusion are added to the question' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l type -d 'Only these kinds of documents, separated by commas' -r -f -a "fix\t''
incident\t''
runbook\t''
postmortem\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l top-k -d 'How many snippets to show, 1 to 100' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand ask" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "analyze" -d 'Say what is wrong, who is to blame and why, and what speaks against it'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "open" -d 'Begin to keep an incident, with the signals that there are'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "list" -d 'List the incidents that are kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "show" -d 'Show an incident and what was concluded of it'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "ingest" -d 'Take further signals into an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "evidence" -d 'Show the evidence of the last analysis, and the raw line that one cites'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "why-not" -d 'Say why a service or a change is not to blame'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "replay" -d 'Analyse an incident again from what was kept, and compare'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "capture" -d 'Fill a bundle from files, git history, Prometheus, Alertmanager, Loki and Tempo'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "attach" -d 'Keep files that belong to an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "export" -d 'Write the analysis as a document'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "schema" -d 'Print the format of the bundle'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "demo" -d 'Make up an incident, analyse it, and say what had really happened'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "close" -d 'Close an incident; what was learnt goes into memory'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and not __fish_seen_subcommand_from analyze open list show ingest evidence why-not replay capture attach export schema demo close help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l at -d 'When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l service -d 'Where it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l metric -d 'In what it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l from -d 'When the time to be explained begins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l to -d 'When it ends' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l baseline -d 'A time when all was well, as FROM..TO; by default the time before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l metrics -d 'Write measurements of the analysis to this file, as Prometheus reads them' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l exit-code -d 'Exit 7 when the data do not tell'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from analyze" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l at -d 'When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l service -d 'Where it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l metric -d 'In what it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l from -d 'When the time to be explained begins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l to -d 'When it ends' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l baseline -d 'A time when all was well, as FROM..TO; by default the time before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l severity -d 'Free text such as sev2' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from open" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l status -d 'open or closed' -r -f -a "open\t''
closed\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -s n -l limit -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from ingest" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from evidence" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l at -d 'When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l service -d 'Where it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l metric -d 'In what it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l from -d 'When the time to be explained begins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l to -d 'When it ends' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l baseline -d 'A time when all was well, as FROM..TO; by default the time before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from why-not" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l title -d 'What is wrong, in a few words' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l at -d 'When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l service -d 'Where it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l metric -d 'In what it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l from -d 'When the time to be explained begins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l to -d 'When it ends' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l baseline -d 'A time when all was well, as FROM..TO; by default the time before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l repository -d 'Deploys from the history of a repository, as DIR or DIR=SERVICE' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l prometheus -d 'Ask this Prometheus for series' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l alertmanager -d 'Ask this Alertmanager for alerts' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l loki -d 'Ask this Loki for log lines' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l tempo -d 'Ask this Tempo for traces' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l query -d 'A metric to ask Prometheus for besides what it is found to have, as NAME=EXPRESSION' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l selector -d 'The streams to ask Loki for; by default all that name a service' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l token-file -d 'A file with the bearer token that the servers want' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l ca-file -d 'Certificates to trust, in PEM' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from capture" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from attach" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l at -d 'When it was noticed: 2026-03-02T10:31:00Z, or seconds since 1970' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l service -d 'Where it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l metric -d 'In what it was noticed' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l from -d 'When the time to be explained begins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l to -d 'When it ends' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l baseline -d 'A time when all was well, as FROM..TO; by default the time before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l format -r -f -a "json\t''
markdown\t''
html\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -s o -l out -d 'Write to this file instead of stdout' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l keep -d 'Keep it among the reports, where `ecoops objects` finds it (instead of stdout, or besides --out)'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from export" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from schema" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l seed -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l services -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l lines -d 'Log lines, all together' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l fault -d 'error-responses, slowdown, memory-leak, connection-leak, retry-storm or busy-loop; by default the seed chooses' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l keep -d 'Keep the bundle in this folder, new or empty' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l healthy -d 'Nothing is wrong'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l unlisted -d 'Leave the bad rollout out of the list of changes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l no-analysis -d 'Only make it up, and say what really happened'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from demo" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l resolution -d 'How it was mended, in your words' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from close" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "analyze" -d 'Say what is wrong, who is to blame and why, and what speaks against it'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "open" -d 'Begin to keep an incident, with the signals that there are'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the incidents that are kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show an incident and what was concluded of it'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "ingest" -d 'Take further signals into an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "evidence" -d 'Show the evidence of the last analysis, and the raw line that one cites'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "why-not" -d 'Say why a service or a change is not to blame'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "replay" -d 'Analyse an incident again from what was kept, and compare'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "capture" -d 'Fill a bundle from files, git history, Prometheus, Alertmanager, Loki and Tempo'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "attach" -d 'Keep files that belong to an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "export" -d 'Write the analysis as a document'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "schema" -d 'Print the format of the bundle'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "demo" -d 'Make up an incident, analyse it, and say what had really happened'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "close" -d 'Close an incident; what was learnt goes into memory'
complete -c ecoops -n "__fish_ecoops_using_subcommand incident; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -f -a "templates" -d 'Group the lines of a log by what they say'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -f -a "detect" -d 'Score each value of a series by how unusual it is'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -f -a "watch" -d 'Watch a stream of logs and say at once what is unusual'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and not __fish_seen_subcommand_from templates detect watch help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l top -d 'How many templates are shown as text' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from templates" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l top -d 'How many of the most unusual values are shown as text' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from detect" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l service -d 'Whose log it is, where lines do not say it themselves' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l metrics -d 'Keep measurements of the watch in this file, as Prometheus reads them' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from watch" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from help" -f -a "templates" -d 'Group the lines of a log by what they say'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from help" -f -a "detect" -d 'Score each value of a series by how unusual it is'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from help" -f -a "watch" -d 'Watch a stream of logs and say at once what is unusual'
complete -c ecoops -n "__fish_ecoops_using_subcommand signals; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -f -a "eval" -d 'Asks whether an action is allowed: exit 0 when it is, 4 when it is denied'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -f -a "test" -d 'Runs the rules `test_…` of the Rego files in a folder; without one, the default policy\'s'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -f -a "list" -d 'The policies in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and not __fish_seen_subcommand_from eval test list help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l input -d 'A JSON file, `-` for standard input' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from eval" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from test" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "eval" -d 'Asks whether an action is allowed: exit 0 when it is, 4 when it is denied'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "test" -d 'Runs the rules `test_…` of the Rego files in a folder; without one, the default policy\'s'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "list" -d 'The policies in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand policy; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -f -a "tail" -d 'The newest events, oldest of them first'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -f -a "replay" -d 'Events again from an offset on'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -f -a "dlq" -d 'Events that a consumer group gave up on'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and not __fish_seen_subcommand_from tail replay dlq help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -s n -d 'How many' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l from -d 'Start at this offset instead' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -s f -l follow -d 'Go on with new events until interrupted'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l shared -d 'Those of everybody, as the event system of `events.adapter` has them'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from tail" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l from -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l count -d 'At most this many; all when not given' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l shared -d 'Those of everybody, as the event system of `events.adapter` has them'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from replay" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -f -a "list" -d 'Lists them'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -f -a "revive" -d 'Gives one to its group again, as if new'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -f -a "drop" -d 'Gives one up; the event itself stays in the log'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from dlq" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from help" -f -a "tail" -d 'The newest events, oldest of them first'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from help" -f -a "replay" -d 'Events again from an offset on'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from help" -f -a "dlq" -d 'Events that a consumer group gave up on'
complete -c ecoops -n "__fish_ecoops_using_subcommand events; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -f -a "install" -d 'Put the pre-push hook beside those that are there'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -f -a "uninstall" -d 'Take it out and leave the others as they were'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -f -a "status" -d 'Tell whether it is installed (exit 1 when not)'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -f -a "run" -d 'Look at what is pushed; git calls this'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and not __fish_seen_subcommand_from install uninstall status run help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l shared -d 'Also when other repositories share the folder of hooks'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from uninstall" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "install" -d 'Put the pre-push hook beside those that are there'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "uninstall" -d 'Take it out and leave the others as they were'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "status" -d 'Tell whether it is installed (exit 1 when not)'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "run" -d 'Look at what is pushed; git calls this'
complete -c ecoops -n "__fish_ecoops_using_subcommand hook; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l base -d 'Compare with REF; only lines that it does not have count' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l report -d 'Write the report to FILE' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l all -d 'Look at everything, not only at new lines'
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand ci" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -f -a "show" -d 'The settings in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -f -a "defaults" -d 'Every setting with its default, explained'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and not __fish_seen_subcommand_from show defaults help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l origin -d 'Also where each value comes from'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from defaults" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "show" -d 'The settings in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "defaults" -d 'Every setting with its default, explained'
complete -c ecoops -n "__fish_ecoops_using_subcommand config; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l wait -d 'Seconds to wait for the user' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l device -d 'Show a code to type on a page, here or on another device'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l browser -d 'Open the issuer\'s page in the browser of this machine'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l client-credentials -d 'Log in as the client itself, with its own secret'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand login" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand logout" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l can -d 'Tell by the exit code whether this permission is held, as remediation:write' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand whoami" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -f -a "add" -d 'Keep one: from standard input, or asked for at the terminal'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -f -a "list" -d 'Show their names, where they live and when they end; never the credentials'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -f -a "remove" -d 'Forget one'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -f -a "rotate" -d 'Make a new API key in place of the old one that was made so, for 90 days, and show it once'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and not __fish_seen_subcommand_from add list remove rotate help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l rotates-in -d 'Days after which it must have been replaced' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l confirm -d 'Ask at the terminal before each use'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from add" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from remove" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from rotate" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from help" -f -a "add" -d 'Keep one: from standard input, or asked for at the terminal'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from help" -f -a "list" -d 'Show their names, where they live and when they end; never the credentials'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from help" -f -a "remove" -d 'Forget one'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from help" -f -a "rotate" -d 'Make a new API key in place of the old one that was made so, for 90 days, and show it once'
complete -c ecoops -n "__fish_ecoops_using_subcommand credential; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -f -a "list" -d 'List the applications, and whether each is as its source says; exits 1 when one is not'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -f -a "show" -d 'Show an application, and what was deployed when'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -f -a "sync" -d 'Show what deploying would change, ask, and deploy'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -f -a "rollback" -d 'Deploy again what an earlier deployment did'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and not __fish_seen_subcommand_from list show sync rollback help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from show" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l revision -d 'Another revision than the desired one' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l prune -d 'Remove what the source does not have'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l yes -d 'Approve it without being asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from sync" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from rollback" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the applications, and whether each is as its source says; exits 1 when one is not'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "show" -d 'Show an application, and what was deployed when'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "sync" -d 'Show what deploying would change, ask, and deploy'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "rollback" -d 'Deploy again what an earlier deployment did'
complete -c ecoops -n "__fish_ecoops_using_subcommand infra; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -f -a "prepare" -d 'Make the tables, or the steps of them that are missing'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -f -a "org" -d 'Add an org, and give it a login'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -f -a "vacuum" -d 'Rewrite the memory\'s tables, so that nothing forgotten is left in the server\'s files'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -f -a "copy-audit" -d 'Copy what is new in the audit log to the server of incidents.address'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and not __fish_seen_subcommand_from prepare org vacuum copy-audit help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l address -d 'The server and database; by default memory.address' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l login -d 'A login that may make tables and logins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l credential -d 'The credential, by its name, that holds this login\'s password' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l ca-file -d 'Certificates to trust instead of the system\'s, in PEM; by default memory.ca_file' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from prepare" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l new-credential -d 'The credential, by its name, that holds the password that the org\'s login gets' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l address -d 'The server and database; by default memory.address' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l login -d 'A login that may make tables and logins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l credential -d 'The credential, by its name, that holds this login\'s password' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l ca-file -d 'Certificates to trust instead of the system\'s, in PEM; by default memory.ca_file' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from org" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l address -d 'The server and database; by default memory.address' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l login -d 'A login that may make tables and logins' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l credential -d 'The credential, by its name, that holds this login\'s password' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l ca-file -d 'Certificates to trust instead of the system\'s, in PEM; by default memory.ca_file' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from vacuum" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from copy-audit" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from help" -f -a "prepare" -d 'Make the tables, or the steps of them that are missing'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from help" -f -a "org" -d 'Add an org, and give it a login'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from help" -f -a "vacuum" -d 'Rewrite the memory\'s tables, so that nothing forgotten is left in the server\'s files'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from help" -f -a "copy-audit" -d 'Copy what is new in the audit log to the server of incidents.address'
complete -c ecoops -n "__fish_ecoops_using_subcommand database; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "start" -d 'Start it in the background, unless it runs'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "stop" -d 'Stop it, once what is under way has been answered'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "restart" -d 'Stop it and start it again'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "status" -d 'Show whether it runs, since when, and how its parts are; exits 3 when it does not run'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "run" -d 'Run it here, in the foreground, with its log on stderr'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "logs" -d 'Show its log'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "install" -d 'Have the system start it: a systemd user unit with its socket, or a launchd agent'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "token" -d 'Make a bearer token for programs that come over TCP'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and not __fish_seen_subcommand_from start stop restart status run logs install token help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l listen -d 'Also listen on TCP, where a token is needed (`ecoops agent token`); for other machines only with TLS (`agent.tls_certificate`). A restart listens where it did before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from start" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l when-idle -d 'Only when no run is under way'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l force -d 'Kill it when it does not stop'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from stop" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l listen -d 'Also listen on TCP, where a token is needed (`ecoops agent token`); for other machines only with TLS (`agent.tls_certificate`). A restart listens where it did before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from restart" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l listen -d 'Also listen on TCP, where a token is needed (`ecoops agent token`); for other machines only with TLS (`agent.tls_certificate`). A restart listens where it did before' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l detached -d 'In a session of its own, with its log in its file'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from run" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -s n -d 'How many lines' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -s f -l follow -d 'Go on with new lines until interrupted'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from logs" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l print -d 'Only show the files'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l remove -d 'Remove the files again'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from install" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l ttl -d 'How long it is valid, as 30m, 8h or 7d; at most 30d' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l scope -d 'What it lets its holder do: AREA:read, AREA:write, AREA, or with * for every area; repeatable' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from token" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "start" -d 'Start it in the background, unless it runs'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "stop" -d 'Stop it, once what is under way has been answered'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "restart" -d 'Stop it and start it again'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show whether it runs, since when, and how its parts are; exits 3 when it does not run'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "run" -d 'Run it here, in the foreground, with its log on stderr'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "logs" -d 'Show its log'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "install" -d 'Have the system start it: a systemd user unit with its socket, or a launchd agent'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "token" -d 'Make a bearer token for programs that come over TCP'
complete -c ecoops -n "__fish_ecoops_using_subcommand agent; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -f -a "serve" -d 'Serve tools over stdin and stdout, until stdin ends'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -f -a "list" -d 'List the servers of others that the settings name'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -f -a "tools" -d 'Show what a server offers'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -f -a "call" -d 'Call a tool of a server; asks first, unless the settings allow it and the tool only reads'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and not __fish_seen_subcommand_from serve list tools call help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l root -d 'A folder that tools may read; repeatable. Where it was started, by default' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l allow-write -d 'Offer the tools that change something too: fix, undo, memory_add'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from serve" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from list" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from tools" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -s y -l yes -d 'Call it without being asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from call" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "serve" -d 'Serve tools over stdin and stdout, until stdin ends'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "list" -d 'List the servers of others that the settings name'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "tools" -d 'Show what a server offers'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "call" -d 'Call a tool of a server; asks first, unless the settings allow it and the tool only reads'
complete -c ecoops -n "__fish_ecoops_using_subcommand mcp; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -f -a "up" -d 'Start the servers, unless they run, and make a home for each person'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -f -a "down" -d 'Stop the servers and remove what they and the people kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -f -a "status" -d 'Show what runs, and where; exits 3 when nothing does'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -f -a "env" -d 'Print what makes a shell a person\'s'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and not __fish_seen_subcommand_from up down status env help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l people -d 'Who tries it' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l parts -d 'Where `tests/run --parts-only` has put the servers; by default tests/.parts here, else those of the system' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from up" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from down" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from status" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from env" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "up" -d 'Start the servers, unless they run, and make a home for each person'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "down" -d 'Stop the servers and remove what they and the people kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "status" -d 'Show what runs, and where; exits 3 when nothing does'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "env" -d 'Print what makes a shell a person\'s'
complete -c ecoops -n "__fish_ecoops_using_subcommand dev; and __fish_seen_subcommand_from help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l show -d 'Only show what needs trust'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l revoke -d 'Trust this repository no more'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand trust" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand doctor" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l write -d 'Write those of bash, fish and zsh into DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand completions" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l write -d 'Write a page for each command into DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -s C -d 'Work as if started in DIR' -r -F
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l output -d 'How results are written [default: text]' -r -f -a "text\t'For people'
json\t'One JSON document'
jsonl\t'One JSON document a line'
sarif\t'SARIF 2.1.0'
github\t'GitHub workflow commands (annotations)'
gitlab\t'GitLab code quality'
junit\t'JUnit XML'
markdown\t''
csv\t'Comma-separated values, of signals'
html\t'One self-contained page, of incidents'"
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l color -d 'auto, always or never' -r -f -a "auto\t''
always\t''
never\t''"
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l deadline -d 'Stop after SECONDS, with exit code 124' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l config -d 'Set a setting, as scan.persona=pedantic' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l log -d 'Write a log to stderr, as debug or ecoops_core=trace' -r
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -s q -l quiet -d 'No progress and no notes'
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l no-color -d 'As --color never'
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -l offline -d 'Ask no server, on this machine neither'
complete -c ecoops -n "__fish_ecoops_using_subcommand man" -s h -l help -d 'Print help'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "scan" -d 'Examine code and report what is wrong'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "fix" -d 'Turn findings into verified fixes, with a record and an undo'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "plan" -d 'Show changes that wait for a yes, and approve or reject them'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "runs" -d 'List what was done in this repository'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "resume" -d 'Do again what was interrupted'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "undo" -d 'Take a run back, byte for byte'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "audit" -d 'Show, verify, prove and copy the signed record of what was done'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "memory" -d 'Search, fill and empty what is remembered of fixes and runbooks'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "objects" -d 'Reports that were kept and files that were attached'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "docs" -d 'Keep runbooks, postmortems and manuals that answers cite'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "ask" -d 'Ask what is remembered; every snippet is cited'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "incident" -d 'Tell what is wrong in a running system, and who is to blame'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "signals" -d 'Tell what logs and metrics say: templates, anomalies, live'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "policy" -d 'Ask, test and list the policies in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "events" -d 'Show, replay and repair the event log'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "hook" -d 'Check commits for problems before they are pushed'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "ci" -d 'Check what a pipeline is about to merge'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "config" -d 'Show the settings and where they come from'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "login" -d 'Log in at the configured issuer (OpenID Connect)'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "logout" -d 'End the login, here and at the issuer'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "whoami" -d 'Tell who commands act as, and what they may do'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "credential" -d 'Keep passwords and keys that settings name'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "infra" -d 'Show what is deployed, and deploy it'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "database" -d 'Prepare a PostgreSQL server that orgs share'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "agent" -d 'The daemon that keeps the record and serves the kernel\'s API'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "mcp" -d 'Serve tools to editors and agents, and use those of others (MCP)'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "dev" -d 'Start real servers on this machine, to try what a team shares'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "trust" -d 'Let this repository\'s ecoops.toml run commands and loosen limits'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "doctor" -d 'Tell what works here and what is missing'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "completions" -d 'Print the completions for a shell'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "man" -d 'Print the manual page'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and not __fish_seen_subcommand_from scan fix plan runs resume undo audit memory objects docs ask incident signals policy events hook ci config login logout whoami credential infra database agent mcp dev trust doctor completions man help" -f -a "help" -d 'Print this message or the help of the given subcommand(s)'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "list" -d 'List plans, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "show" -d 'Show what would change, what the checks said, and who said what'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "approve" -d 'Say yes: the same fix is then applied where nobody can be asked'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from plan" -f -a "reject" -d 'Say no; the last word counts'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "log" -d 'Show entries, the newest last'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "verify" -d 'Recompute every hash from the entries up, and check the signature'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "proof" -d 'Prove that an entry is in the log, or check such a proof'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "report" -d 'Judge a period for the controls of SOC 2 or ISO 27001'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from audit" -f -a "export" -d 'Copy the log: to a new folder in the tlog-tiles layout, or to stdout as JSON lines'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "search" -d 'Find documents by meaning and by words'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "add" -d 'Keep Markdown or text files'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "list" -d 'Show what is kept, newest first'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from memory" -f -a "forget" -d 'Remove a document, its text and its vectors, so that nobody finds them any more'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from objects" -f -a "list" -d 'List what is kept, by name'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from objects" -f -a "get" -d 'Write one to a file or to stdout, byte for byte'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from objects" -f -a "delete" -d 'Delete one'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from objects" -f -a "expire" -d 'Let go of what is older than its time, as keeping something does by itself'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "add" -d 'Keep documents; one that was kept before is replaced'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "list" -d 'Show what is kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from docs" -f -a "forget" -d 'Remove a document, its text and its vectors from the disk'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "analyze" -d 'Say what is wrong, who is to blame and why, and what speaks against it'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "open" -d 'Begin to keep an incident, with the signals that there are'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "list" -d 'List the incidents that are kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "show" -d 'Show an incident and what was concluded of it'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "ingest" -d 'Take further signals into an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "evidence" -d 'Show the evidence of the last analysis, and the raw line that one cites'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "why-not" -d 'Say why a service or a change is not to blame'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "replay" -d 'Analyse an incident again from what was kept, and compare'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "capture" -d 'Fill a bundle from files, git history, Prometheus, Alertmanager, Loki and Tempo'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "attach" -d 'Keep files that belong to an incident'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "export" -d 'Write the analysis as a document'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "schema" -d 'Print the format of the bundle'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "demo" -d 'Make up an incident, analyse it, and say what had really happened'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from incident" -f -a "close" -d 'Close an incident; what was learnt goes into memory'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from signals" -f -a "templates" -d 'Group the lines of a log by what they say'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from signals" -f -a "detect" -d 'Score each value of a series by how unusual it is'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from signals" -f -a "watch" -d 'Watch a stream of logs and say at once what is unusual'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "eval" -d 'Asks whether an action is allowed: exit 0 when it is, 4 when it is denied'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "test" -d 'Runs the rules `test_…` of the Rego files in a folder; without one, the default policy\'s'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from policy" -f -a "list" -d 'The policies in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from events" -f -a "tail" -d 'The newest events, oldest of them first'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from events" -f -a "replay" -d 'Events again from an offset on'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from events" -f -a "dlq" -d 'Events that a consumer group gave up on'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "install" -d 'Put the pre-push hook beside those that are there'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "uninstall" -d 'Take it out and leave the others as they were'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "status" -d 'Tell whether it is installed (exit 1 when not)'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from hook" -f -a "run" -d 'Look at what is pushed; git calls this'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "show" -d 'The settings in force'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from config" -f -a "defaults" -d 'Every setting with its default, explained'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from credential" -f -a "add" -d 'Keep one: from standard input, or asked for at the terminal'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from credential" -f -a "list" -d 'Show their names, where they live and when they end; never the credentials'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from credential" -f -a "remove" -d 'Forget one'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from credential" -f -a "rotate" -d 'Make a new API key in place of the old one that was made so, for 90 days, and show it once'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "list" -d 'List the applications, and whether each is as its source says; exits 1 when one is not'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "show" -d 'Show an application, and what was deployed when'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "sync" -d 'Show what deploying would change, ask, and deploy'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from infra" -f -a "rollback" -d 'Deploy again what an earlier deployment did'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from database" -f -a "prepare" -d 'Make the tables, or the steps of them that are missing'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from database" -f -a "org" -d 'Add an org, and give it a login'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from database" -f -a "vacuum" -d 'Rewrite the memory\'s tables, so that nothing forgotten is left in the server\'s files'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from database" -f -a "copy-audit" -d 'Copy what is new in the audit log to the server of incidents.address'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "start" -d 'Start it in the background, unless it runs'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "stop" -d 'Stop it, once what is under way has been answered'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "restart" -d 'Stop it and start it again'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "status" -d 'Show whether it runs, since when, and how its parts are; exits 3 when it does not run'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "run" -d 'Run it here, in the foreground, with its log on stderr'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "logs" -d 'Show its log'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "install" -d 'Have the system start it: a systemd user unit with its socket, or a launchd agent'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from agent" -f -a "token" -d 'Make a bearer token for programs that come over TCP'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "serve" -d 'Serve tools over stdin and stdout, until stdin ends'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "list" -d 'List the servers of others that the settings name'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "tools" -d 'Show what a server offers'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from mcp" -f -a "call" -d 'Call a tool of a server; asks first, unless the settings allow it and the tool only reads'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "up" -d 'Start the servers, unless they run, and make a home for each person'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "down" -d 'Stop the servers and remove what they and the people kept'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "status" -d 'Show what runs, and where; exits 3 when nothing does'
complete -c ecoops -n "__fish_ecoops_using_subcommand help; and __fish_seen_subcommand_from dev" -f -a "env" -d 'Print what makes a shell a person\'s'
