# Turn protocol/rules/glossary.yaml into rows of a C table.
#   cmake -DINPUT=glossary.yaml -DOUTPUT=glossary_words.inc -P glossary.cmake
#
# Reads the one form the file uses: a group "name:" at the margin, entries
# "  - { id: x, zh: y, en: z }", comments and empty lines. Anything else stops the build with
# the line's number, so that a slip cannot make words vanish.
file(READ "${INPUT}" text)
foreach(special "[" "]" ";" "\\")
    string(FIND "${text}" "${special}" at)
    if(NOT at EQUAL -1)
        message(FATAL_ERROR "${INPUT}: '${special}' is not allowed in this file")
    endif()
endforeach()
string(REPLACE "\n" ";" lines "${text}")

set(value "(\"([^\"]*)\"|[^,\"{}]*[^,\"{} ])")
set(group "")
set(rows "/* Generated from protocol/rules/glossary.yaml; do not edit. */\n")
set(number 0)
foreach(line IN LISTS lines)
    math(EXPR number "${number} + 1")
    if(line STREQUAL "" OR line MATCHES "^ *#")
        continue()
    elseif(line MATCHES "^([a-z_]+):$")
        set(group "${CMAKE_MATCH_1}")
    elseif(group AND line MATCHES
           "^  - { id: ([a-z_]+), zh: ${value}, en: ${value} }$")
        set(id "${CMAKE_MATCH_1}")
        string(REPLACE "\"" "" zh "${CMAKE_MATCH_2}")
        string(REPLACE "\"" "" en "${CMAKE_MATCH_4}")
        string(APPEND rows "{ \"${group}\", \"${id}\", \"${zh}\", \"${en}\" },\n")
    else()
        message(FATAL_ERROR "${INPUT}:${number}: not an entry of the glossary: ${line}")
    endif()
endforeach()
file(WRITE "${OUTPUT}" "${rows}")
