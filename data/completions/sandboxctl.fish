# SPDX-License-Identifier: LGPL-2.1-or-later
# fish completion for sandboxctl(1)

function __sandboxctl_verb
    set -l words (commandline -opc)
    test (count $words) -ge 2; and echo $words[2]
end

function __sandboxctl_is
    set -l verb (__sandboxctl_verb)
    test -n "$verb"; and contains -- $verb $argv
end

function __sandboxctl_options
    if __sandboxctl_is run learn exec attach procfs explain override
        sandboxctl complete options=(__sandboxctl_verb) 2>/dev/null | string match -v -- '*='
    else
        sandboxctl complete options=(__sandboxctl_verb) 2>/dev/null
    end
end

function __sandboxctl_in_command
    set -l words (commandline -opc)
    __sandboxctl_is run learn exec attach procfs explain; and contains -- -- $words
end

function __sandboxctl_wants_command
    __sandboxctl_in_command; and return
    __sandboxctl_is run learn; and not string match -q -- '-*' (commandline -ct)
end

# What is after the "--": a command line of its own
function __sandboxctl_command
    set -l words (commandline -opc)
    set -l at (contains -i -- -- $words); or set at 2
    set -l rest (string escape -- $words[(math $at + 1)..-1]) (commandline -ct)
    complete --do-complete=(string join ' ' -- $rest)
end

function __sandboxctl_signals
    kill -l | string split -n ' ' | string match -r '^[A-Z]+[A-Z0-9]*$'
end

function __sandboxctl_values --argument-names option
    switch $option
        case profile on-crash
            sandboxctl complete profiles 2>/dev/null
        case filesystem
            set -l word (commandline -ct | string replace -r -- '^--[a-z-]+=' '')
            set -l before (string match -r -- '^.*:(?:ro@)?' $word)
            switch "$before"
                case ''
                    __fish_complete_path $word
                case '*@'
                    string join \n -- $before(__fish_complete_path (string replace -- $before '' $word))
                case '*'
                    string join \n -- $before{ro,rw,create,ro@}
            end
        case nofilesystem cwd
            __fish_complete_path (commandline -ct | string replace -r -- '^--[a-z-]+=' '')
        case '*'
            sandboxctl complete values=$option 2>/dev/null
    end
end

complete -c sandboxctl -f
complete -c sandboxctl -n 'test (count (commandline -opc)) -eq 1' -a '(sandboxctl complete verbs 2>/dev/null)'
complete -c sandboxctl -n 'not __sandboxctl_in_command; and string match -q -- "-*" (commandline -ct)' -a '(__sandboxctl_options)'
complete -c sandboxctl -n '__sandboxctl_is show stop kill wait exec attach procfs logs why grant restrict' -a '(sandboxctl complete instances 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is explain override profile verify' -a '(sandboxctl complete profiles 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is profile' -a 'list show check diff score'
complete -c sandboxctl -n '__sandboxctl_is desktop; and test (count (commandline -opc)) -eq 2' -a 'install remove list'
complete -c sandboxctl -n '__sandboxctl_is desktop; and test (count (commandline -opc)) -ge 3' -a '(__fish_complete_suffix .desktop; path basename /usr/share/applications/*.desktop 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is data; and test (count (commandline -opc)) -eq 2' -a 'list remove export'
complete -c sandboxctl -n '__sandboxctl_is data; and test (count (commandline -opc)) -ge 3' -a '(sandboxctl complete data 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_wants_command' -a '(__sandboxctl_command)'
complete -c sandboxctl -n '__sandboxctl_is crashes; and test (count (commandline -opc)) -eq 2' -a 'list show remove'
complete -c sandboxctl -n '__sandboxctl_is crashes; and test (count (commandline -opc)) -ge 3' -a '(sandboxctl complete crashes 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is run learn attach desktop; and not __sandboxctl_in_command' -s p -x -a '(sandboxctl complete profiles 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is desktop' -l profile -x -a '(sandboxctl complete profiles 2>/dev/null)'
complete -c sandboxctl -n '__sandboxctl_is kill' -s s -l signal -x -a '(__sandboxctl_signals)'
complete -c sandboxctl -n '__sandboxctl_is top' -s s -l sort -x -a '(__sandboxctl_values sort)'
for option in hidepid subset
    complete -c sandboxctl -n '__sandboxctl_is procfs; and not __sandboxctl_in_command' -l $option -x -a "(__sandboxctl_values $option)"
end
# Options with a value, which fish has to know as such
for option in (sandboxctl complete options=run 2>/dev/null | string replace -rf -- '^--(.*)=$' '$1')
    complete -c sandboxctl -n '__sandboxctl_is run exec attach procfs explain override; and not __sandboxctl_in_command' -l $option -x -a "(__sandboxctl_values $option)"
end
