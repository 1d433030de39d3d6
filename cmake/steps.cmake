# Turn the titles of the clocks in protocol/rules/procedures into rows of a C table.
#   cmake -DINPUT=DIRECTORY -DOUTPUT=step_titles.inc -P steps.cmake
#
# Reads what stands at its place in every file: "procedure: NAME" at the margin and, of each limit,
# "  - id: NAME" with "    title: { zh: x, en: y }" on the next line. A limit without its title on
# that line stops the build with the line's number, so that a slip cannot make a title vanish.
file(GLOB files "${INPUT}/*.yaml")
list(SORT files)
set(value "(\"([^\"]*)\"|[^,\"{}]*[^,\"{} ])")
set(rows "/* Generated from protocol/rules/procedures; do not edit. */\n")
foreach(path IN LISTS files)
    file(READ "${path}" text)
    # What would split or join lines of a CMake list stands in no title.
    string(REGEX REPLACE "[][;\\]" "" text "${text}")
    string(REPLACE "\n" ";" lines "${text}")
    set(procedure "")
    set(limit "")
    set(number 0)
    foreach(line IN LISTS lines)
        math(EXPR number "${number} + 1")
        if(line MATCHES "^procedure: ([A-Za-z0-9_.:/-]+)$")
            set(procedure "${CMAKE_MATCH_1}")
        elseif(line MATCHES "^  - id: ([A-Za-z0-9_.:/-]+)$")
            set(limit "${CMAKE_MATCH_1}")
        elseif(limit AND line MATCHES "^    title: { zh: ${value}, en: ${value} }$")
            string(REPLACE "\"" "" zh "${CMAKE_MATCH_1}")
            string(REPLACE "\"" "" en "${CMAKE_MATCH_3}")
            string(APPEND rows "{ \"${procedure}\", \"${limit}\", \"${zh}\", \"${en}\" },\n")
            set(limit "")
        elseif(limit)
            message(FATAL_ERROR "${path}:${number}: the title of '${limit}' is wanted here: ${line}")
        endif()
    endforeach()
endforeach()
file(WRITE "${OUTPUT}" "${rows}")
