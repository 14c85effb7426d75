package dev.tidewire;

import static com.tngtech.archunit.core.domain.JavaCall.Predicates.target;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaModifier.FINAL;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.slf4j.Logger;

@AnalyzeClasses(packages = "dev.tidewire", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {

  private static final String LOGGING = "org.slf4j..";
  private static final String NULLNESS = "org.jspecify..";

  @ArchTest
  static final ArchRule theCoreSeesNeitherContainersNorDatabases =
      noClasses()
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(
              "jakarta..",
              "javax..",
              "java.sql..",
              "org.jooq..",
              "io.lettuce..",
              "redis..",
              "com.fasterxml.jackson.core..",
              "com.fasterxml.jackson.databind..",
              "org.eclipse.jetty..");

  @ArchTest
  static final ArchRule valuesDependOnNothingOfOurs =
      classes()
          .that()
          .resideInAPackage("dev.tidewire.channel")
          .should()
          .onlyDependOnClassesThat(
              resideInAPackage("java..")
                  .or(resideInAPackage(NULLNESS))
                  .or(resideInAPackage("dev.tidewire.channel")));

  @ArchTest
  static final ArchRule theTransportDependsOnNothingOfOurs =
      classes()
          .that()
          .resideInAPackage("dev.tidewire.transport")
          .should()
          .onlyDependOnClassesThat(
              resideInAPackage("java..")
                  .or(resideInAPackage(NULLNESS))
                  .or(resideInAPackage("dev.tidewire.transport")));

  @ArchTest
  static final ArchRule backendsDoNotKnowWhoUsesThem =
      noClasses()
          .that()
          .resideInAnyPackage(
              "dev.tidewire.broker",
              "dev.tidewire.history",
              "dev.tidewire.presence",
              "dev.tidewire.sync")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("dev.tidewire", "dev.tidewire.protocol", "dev.tidewire.transport");

  @ArchTest
  static final ArchRule jsonIsTheProtocolsBusiness =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tidewire.protocol")
          .should()
          .dependOnClassesThat()
          .resideInAPackage("tools.jackson..");

  @ArchTest
  static final ArchRule nothingElseNeedsMicrometer =
      noClasses()
          .that()
          .resideOutsideOfPackage("dev.tidewire.metrics")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage("io.micrometer..", "dev.tidewire.metrics");

  /** Only the fluent interface takes the keys under which lines are found. */
  @ArchTest
  static final ArchRule linesForOperatorsHaveKeys =
      noClasses()
          .should()
          .callMethodWhere(
              target(owner(assignableTo(Logger.class)))
                  .and(target(nameMatching("info|warn|error"))));

  @ArchTest
  static final ArchRule packagesHaveNoCycles =
      slices().matching("dev.tidewire.(**)").should().beFreeOfCycles();

  @ArchTest
  static final ArchRule nothingIsStaticAndChanges =
      fields()
          .that()
          .areStatic()
          .and()
          .doNotHaveModifier(JavaModifier.SYNTHETIC) // what the compiler makes of a switch
          .and()
          .areDeclaredInClassesThat()
          .areNotEnums()
          .should()
          .haveModifier(FINAL)
          .andShould()
          .haveRawType(
              new com.tngtech.archunit.base.DescribedPredicate<>("that cannot change") {
                @Override
                public boolean test(JavaClass type) {
                  return type.isPrimitive()
                      || type.isEnum()
                      || type.isRecord()
                      || type.isEquivalentTo(String.class)
                      || type.isEquivalentTo(Duration.class)
                      || type.isEquivalentTo(Pattern.class)
                      || type.isAssignableTo(java.util.Comparator.class)
                      || type.getPackageName().startsWith("org.slf4j");
                }
              });

  @ArchTest
  static final ArchRule packagesAreNamedAfterTheirSubject =
      noClasses()
          .should()
          .resideInAnyPackage("..impl..", "..util..", "..utils..", "..common..", "..manager..")
          .orShould()
          .haveSimpleNameEndingWith("Impl")
          .orShould()
          .haveSimpleNameEndingWith("Manager")
          .orShould()
          .haveSimpleNameEndingWith("Util");

  @ArchTest
  static void onlyWhatApplicationsHoldIsPublic(JavaClasses all) {
    Set<String> found = new TreeSet<>();
    for (JavaClass type : all) {
      if (type.getPackageName().equals("dev.tidewire")
          && type.getModifiers().contains(JavaModifier.PUBLIC)
          && type.isTopLevelClass()) {
        found.add(type.getSimpleName());
      }
    }
    assertThat(found)
        .containsExactlyInAnyOrder(
            "AccessPolicy",
            "Admission",
            "CallHandler",
            "CallRequest",
            "Channel",
            "DocumentSnapshot",
            "Health",
            "Identity",
            "Inspector",
            "Limit",
            "Limits",
            "Message",
            "PublishInterceptor",
            "PublishOptions",
            "PublishRequest",
            "Realtime",
            "RealtimeException",
            "Rejection",
            "RowPolicy",
            "RowView",
            "SharedDocument",
            "SharedDocuments",
            "Statistics",
            "StreamRequest",
            "Streams",
            "Subscription",
            "TableChannel",
            "TokenVerifier");
  }

  @ArchTest
  static void everyFileIsReadableAtOneGo(JavaClasses all) {
    Map<String, Integer> lines = new java.util.TreeMap<>();
    for (JavaClass type : all) {
      type.getCodeUnits()
          .forEach(
              unit ->
                  lines.merge(
                      type.getFullName(), unit.getSourceCodeLocation().getLineNumber(), Math::max));
    }
    assertThat(lines.values()).allMatch(last -> last < 400);
  }
}
