# Writes text files into a C++ source, so that the program needs no files beside it.
#   cmake -D OUT=... -D ROOT=dir -D "GLOBS=rules/*.sql;..." -D HEADER=... -D NAMESPACE=... -D TYPE=... -D NAME=... -P embed_files.cmake
# HEADER declares TYPE (file name and text, both const char*) and `extern const std::vector<TYPE> NAME`.
set(text "// Generated from ${GLOBS}.\n#include \"${HEADER}\"\n\nnamespace ${NAMESPACE} {\nconst std::vector<${TYPE}> ${NAME} = {\n")
list(TRANSFORM GLOBS PREPEND ${ROOT}/)
file(GLOB files RELATIVE ${ROOT} ${GLOBS})
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} content)
  string(APPEND text "{\"${file}\", R\"file(${content})file\"},\n")
endforeach()
string(APPEND text "};\n}  // namespace ${NAMESPACE}\n")
file(WRITE ${OUT} "${text}")
