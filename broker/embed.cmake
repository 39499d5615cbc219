# cmake -DPRELUDE=... -DLIBRARY=... -DSCRIPT=... -DNAME=... -DOUT=... -P embed.cmake
# Writes OUT: the script, with what it uses of the prelude and of the libraries that its first line names in front, as a
# byte array, with its SHA-1. The joined text stays beside it as NAME.lua, for reading error messages with line numbers.
# Redis makes all functions of a script anew in each call, so those that it does not use are left out. The paragraphs of
# prelude and libraries hold a function each, or what all need; a function uses only those before it.
cmake_minimum_required(VERSION 3.25)
get_filename_component(folder ${OUT} DIRECTORY)
set(joined ${folder}/${NAME}.lua)
file(READ ${PRELUDE} prelude)
file(READ ${SCRIPT} script)
if(script MATCHES "^-- Librar[a-z]*: ([a-z ]+)\n")
    string(REPLACE " " ";" names "${CMAKE_MATCH_1}")
    foreach(name ${names})
        file(READ ${LIBRARY}/${name}.lua library)
        string(APPEND prelude "\n${library}")
    endforeach()
endif()
set(text "${script}")
while(NOT prelude STREQUAL "")
    string(FIND "${prelude}" "\n\n" at REVERSE)
    math(EXPR from "${at} + 2")
    if(at LESS 0)
        set(paragraph "${prelude}")
        set(prelude "")
    else()
        string(SUBSTRING "${prelude}" ${from} -1 paragraph)
        string(SUBSTRING "${prelude}" 0 ${at} prelude)
    endif()
    string(REGEX MATCH "local function [a-z_]+" function "${paragraph}")
    string(REPLACE "local function " "" function "${function}")
    if(function STREQUAL "" OR "\n${text}" MATCHES "[^a-zA-Z0-9_]${function}[^a-zA-Z0-9_]")
        string(STRIP "${paragraph}" paragraph)
        set(text "${paragraph}\n\n${text}")
    endif()
endwhile()
file(WRITE ${joined} "${text}")
file(SHA1 ${joined} sha)
file(READ ${joined} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n"
       bytes "${bytes}")
file(WRITE ${OUT} "#include \"broker/scripts.h\"

static const unsigned char bytes[] = {
${bytes}
};

extern const struct script_source script_source_${NAME};
const struct script_source script_source_${NAME} = {
    .name = \"${NAME}\", .sha = \"${sha}\", .bytes = (const char *)bytes, .len = sizeof bytes};
")
