# Writes the rule files into a C++ source, so that the program needs no files beside it.
#   cmake -D OUT=... -D RULES=dir -P embed.cmake
set(text "// Generated from rules/*.sql.\n#include \"analyzer/rules/embedded_rules.h\"\n\nnamespace rankle::rules {\nconst std::vector<EmbeddedRule> kEmbeddedRules = {\n")
file(GLOB files ${RULES}/*.sql)
foreach(file IN LISTS files)
  file(READ ${file} content)
  get_filename_component(name ${file} NAME)
  string(APPEND text "{\"rules/${name}\", R\"rule(${content})rule\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace rankle::rules\n")
file(WRITE ${OUT} "${text}")
