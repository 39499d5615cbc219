# cmake -DPRELUDE=... -DSCRIPT=... -DNAME=... -DOUT=... -P embed.cmake
# Writes OUT: the script with the prelude in front, as a byte array, with its SHA-1. The joined text stays beside it
# as NAME.lua, for reading error messages with line numbers.
get_filename_component(folder ${OUT} DIRECTORY)
set(joined ${folder}/${NAME}.lua)
file(READ ${PRELUDE} prelude)
file(READ ${SCRIPT} script)
file(WRITE ${joined} "${prelude}${script}")
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
