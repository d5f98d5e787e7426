#include "detectors/checks/datatype_mismatch.h"

#include <optional>
#include <set>

#include "clang/AST/ASTContext.h"
#include "clang/AST/DeclCXX.h"
#include "clang/AST/DeclTemplate.h"
#include "clang/AST/ExprCXX.h"
#include "detectors/checks/expressions.h"
#include "detectors/checks/function_view.h"
#include "detectors/checks/reporter.h"

namespace rankle::lint {

using llvm::dyn_cast;

namespace {

enum class Format : uint8_t { kInteger, kIeee, kBfloat };

struct Element {
  int64_t bytes;
  Format format;
  bool operator==(const Element&) const = default;
};

std::optional<Element> ElementOf(clang::QualType type, const clang::ASTContext& context);

// A class that is nothing but numbers of one kind, all of its bytes: `struct { double mean, variance; }`.
std::optional<Element> SameInAllFields(const clang::CXXRecordDecl& record, const clang::ASTContext& context) {
  if (!record.hasDefinition() || !record.isStandardLayout() || record.isUnion() ||
      record.isDependentContext())
    return std::nullopt;
  std::optional<Element> all;
  int64_t bytes = 0;
  for (const clang::FieldDecl* field : record.fields()) {
    const clang::QualType type = field->getType();
    const auto* array = context.getAsConstantArrayType(type);
    const std::optional<Element> element = ElementOf(array ? array->getElementType() : type, context);
    if (!element || field->isBitField() || (all && !(*all == *element))) return std::nullopt;
    all = element;
    bytes += context.getTypeSizeInChars(type).getQuantity();
  }
  const clang::QualType whole = context.getRecordType(&record);
  return bytes == context.getTypeSizeInChars(whole).getQuantity() ? all : std::nullopt;
}

// What a pointer's elements are. nullopt: raw memory (void, bytes, bool), or no numbers (classes
// of several kinds, vectors).
std::optional<Element> ElementOf(clang::QualType type, const clang::ASTContext& context) {
  if (type.isNull() || type->isDependentType()) return std::nullopt;
  type = type.getCanonicalType().getUnqualifiedType();
  if (const auto* enumeration = type->getAs<clang::EnumType>())
    type = enumeration->getDecl()->getIntegerType().getCanonicalType();
  if (const clang::CXXRecordDecl* record = type->getAsCXXRecordDecl()) {
    const std::string name = record->getDeclName().isIdentifier() ? record->getName().str() : "";
    if (name == "__half" || name == "half") return Element{2, Format::kIeee};
    if (name == "__nv_bfloat16" || name == "__hip_bfloat16" || name == "hip_bfloat16")
      return Element{2, Format::kBfloat};
    return SameInAllFields(*record, context);
  }
  if (const auto* complex = type->getAs<clang::ComplexType>())
    return ElementOf(complex->getElementType(), context);
  if (type.isNull() || !type->isArithmeticType() || type->isBooleanType()) return std::nullopt;
  const int64_t bytes = context.getTypeSizeInChars(type).getQuantity();
  if (bytes == 1 || bytes > 8) return std::nullopt;
  if (type->isBFloat16Type()) return Element{bytes, Format::kBfloat};
  return Element{bytes, type->isFloatingType() ? Format::kIeee : Format::kInteger};
}

// Casts that are written count: they say what the memory is meant to be.
clang::QualType PointeeOf(const clang::Expr* buffer) {
  const clang::QualType type = buffer->IgnoreParenImpCasts()->getType();
  if (type.isNull() || type->isDependentType()) return {};
  if (const clang::ArrayType* array = type->getAsArrayTypeUnsafe()) return array->getElementType();
  return type->isPointerType() ? type->getPointeeType() : clang::QualType();
}

bool Fits(const Element& element, const DataType& type, bool reduces) {
  if (type.number == Number::kBytes) return true;
  const bool one_byte_integer = type.bytes == 1 && type.number != Number::kFloat;
  if (one_byte_integer) return !reduces;  // a copy of bytes
  if (element.bytes != type.bytes) return false;
  const bool floating = type.number == Number::kFloat;
  if (element.format == Format::kInteger) return !floating || element.bytes == 2;  // storage of 16-bit floats
  if (!floating) return false;
  return element.bytes != 2 || (element.format == Format::kBfloat) == (type.name == "ncclBfloat16");
}

class DatatypeMismatch : public Check {
 public:
  const CheckInfo& info() const override {
    static constexpr CheckInfo kInfo{"nccl-datatype-mismatch",
                                     "a buffer of other numbers than the datatype says", "api_misuse",
                                     "wrong/corruption", Severity::kWarning};
    return kInfo;
  }

  void Function(const FunctionView& function, Reporter& report) override {
    if (function.calls().empty()) return;
    std::set<clang::SourceLocation> said;  // instantiations repeat the calls of their template
    Look(function, said, report);
    const clang::FunctionTemplateDecl* pattern = function.decl().getDescribedFunctionTemplate();
    if (!pattern) return;
    for (const clang::FunctionDecl* instance : pattern->specializations()) {
      if (!instance->isTemplateInstantiation() || !instance->isDefined(instance) || !instance->getBody())
        continue;
      const FunctionView instantiated(function.unit(),
                                      std::make_shared<const tooling::FunctionBody>(*instance));
      Look(instantiated, said, report);
    }
  }

 private:
  static void Look(const FunctionView& function, std::set<clang::SourceLocation>& said, Reporter& report) {
    for (const Call& call : function.calls()) {
      if (!IsCommunication(*call.api)) continue;
      const Arguments& at = call.api->at;
      Compare(function, call, at.send, at.type, said, report);
      Compare(function, call, at.recv, at.type2 >= 0 ? at.type2 : at.type, said, report);
    }
  }

  static void Compare(const FunctionView& function, const Call& call, int8_t buffer_at, int8_t type_at,
                      std::set<clang::SourceLocation>& said, Reporter& report) {
    const clang::Expr *buffer = call.At(buffer_at), *type = call.At(type_at);
    if (!buffer || !type) return;
    const clang::QualType pointee = PointeeOf(buffer);
    const std::optional<Element> element = ElementOf(pointee, function.unit().context());
    const DataType* known = element ? DataTypeOf(type, function) : nullptr;
    if (!known || Fits(*element, *known, call.api->at.op >= 0)) return;
    if (!said.insert(call.expr->getBeginLoc()).second) return;
    report.Add(call, "the buffer holds " + pointee.getUnqualifiedType().getAsString() + ", but " +
                         std::string(known->name) + " says " + std::to_string(known->bytes) +
                         (known->bytes == 1 ? " byte" : " bytes") + " of " +
                         (known->number == Number::kFloat ? "floating point" : "an integer"));
  }
};

}  // namespace

std::unique_ptr<Check> MakeDatatypeMismatch() { return std::make_unique<DatatypeMismatch>(); }

}  // namespace rankle::lint
