package org.example.audit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Asks pggit.get_version('public.books') for its version. */
class SchemaAudit {
    private static final String HISTORY =
        "SELECT h.change_type, count(*) AS events "
            + "FROM pggit.get_history(?, ?) AS h "
            + "GROUP BY h.change_type";

    private static final String VERSION = """
        select version
        from pggit.get_version(?)
        where version > 1
        """;

    PreparedStatement history(Connection connection) throws SQLException {
        return connection.prepareStatement(HISTORY); // pggit.get_history(?, ?)
    }

    PreparedStatement fast(Connection connection) throws SQLException {
        System.out.println("pggit.get_version_fast is asked");
        return connection.prepareStatement("select f.* from pggit.get_version_fast('public.books') f");
    }

    String built(String name) {
        return "select * from pggit.get_version('" + name + "')";
    }
}
